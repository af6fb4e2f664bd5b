"""Pages that are made from the code are up to date."""

from skalds.cli.reference import reference
from skalds.config.env_example import settings_table
from tests.unit.docs.markdown import read


def test_the_page_of_commands_is_up_to_date() -> None:
    made = "run: python -m skalds.cli.reference > docs/reference/cli.md"

    assert read("docs/reference/cli.md") == reference(), made


def test_the_table_of_settings_is_up_to_date() -> None:
    page = read("docs/configuration.md")

    assert page[page.index("| Name |") :] == settings_table(), "run: python -m skalds.config.env_example --table"
