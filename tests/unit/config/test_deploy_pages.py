"""Both pages about deploying show the same, and every setting they name exists."""

import re

import pytest

from skalds.config.settings import every_known_name
from tests.unit.docs.markdown import blocks, heading_levels, links, prose, read

ENGLISH = "docs/howto/deploy.md"
CHINESE = "docs/howto/deploy.zh-TW.md"
NAME = re.compile(r"(?<![\w.])((?:SKALDS?|SYSTEM_CONTROLLER|DISPATCHER|MONGO|REDIS|KAFKA|TASK|LOG|DB)_[A-Z0-9_]+)")
# Read by the image of Kafka, not by us.
OF_THE_BROKER = re.compile(
    r"KAFKA_(NODE_ID|PROCESS_ROLES|CONTROLLER_\w+|LISTENERS|ADVERTISED_LISTENERS|LISTENER_\w+|OFFSETS_\w+)"
)


@pytest.mark.parametrize("page", [ENGLISH, CHINESE])
def test_every_setting_of_the_page_exists(page: str) -> None:
    named = {name for name in NAME.findall(read(page)) if not OF_THE_BROKER.fullmatch(name)}

    assert len(named) > 20
    assert named - set(every_known_name()) == set()


def test_both_have_the_same_headings_and_blocks() -> None:
    assert heading_levels(read(CHINESE)) == heading_levels(read(ENGLISH))
    assert blocks(read(CHINESE)) == blocks(read(ENGLISH))


def test_both_have_the_same_settings_in_their_text() -> None:
    assert set(NAME.findall(prose(read(CHINESE)))) == set(NAME.findall(prose(read(ENGLISH))))


def test_both_have_as_many_rows_and_items() -> None:
    marks = [
        [len(re.findall(mark, prose(read(page)), re.MULTILINE)) for mark in (r"^\|", r"^- ", r"^\d\.")]
        for page in (ENGLISH, CHINESE)
    ]

    assert marks[0] == marks[1]


def test_each_links_to_the_other_and_both_to_the_same_pages() -> None:
    names = {ENGLISH.rpartition("/")[2], CHINESE.rpartition("/")[2]}

    assert set(links(read(CHINESE))) - names == set(links(read(ENGLISH))) - names
    assert CHINESE.rpartition("/")[2] in links(read(ENGLISH))
    assert ENGLISH.rpartition("/")[2] in links(read(CHINESE))
