"""Both READMEs say the same, and what they and the other documents point to is there."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.markdown import ROOT, blocks, heading_levels, links, prose, read
from tests.unit.system_controller.api.served import serve

ENGLISH = "README.md"
CHINESE = "README.zh-TW.md"
BOTH = (ENGLISH, CHINESE)
DOCUMENTS = (*BOTH, "CHANGELOG.md", *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("docs/**/*.md"))))

ENDPOINT = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`?\s]*)`")


def endpoints(name: str) -> list[tuple[str, str]]:
    return ENDPOINT.findall(prose(read(name)))


def first_cells(name: str) -> list[str]:
    """The first cell of each row of each table, where it is code; words are translated."""
    return re.findall(r"^\| (`[^|]+`) \|", prose(read(name)), re.MULTILINE)


def targets_of_make() -> set[str]:
    return set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))


def test_both_have_the_same_headings() -> None:
    assert heading_levels(read(CHINESE)) == heading_levels(read(ENGLISH))


def test_both_have_the_same_code() -> None:
    assert blocks(read(CHINESE)) == blocks(read(ENGLISH))


def test_both_have_the_same_tables() -> None:
    assert first_cells(CHINESE) == first_cells(ENGLISH)


def test_both_link_to_the_same_files_each_in_its_language() -> None:
    chinese = {link.replace(".zh-TW.md", ".md") for link in links(read(CHINESE))}

    assert chinese - {ENGLISH} == set(links(read(ENGLISH))) - {CHINESE}


def test_the_worker_is_the_example() -> None:
    worker = next(block for block in blocks(read(ENGLISH)) if block.language == "python")

    assert worker.text == read("examples/log_survey.py")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_are_relative_and_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    files = [link.partition("#")[0] for link in links(read(name))]

    assert [link for link in files if link and not (folder / link).exists()] == []


@pytest.mark.parametrize("name", BOTH)
def test_every_target_of_make_exists(name: str) -> None:
    mentioned = set(re.findall(r"(?:^|`)make ([a-z]+)", read(name), re.MULTILINE))

    assert mentioned
    assert mentioned <= targets_of_make()


def test_every_target_of_make_is_mentioned() -> None:
    mentioned = set(re.findall(r"(?:^|`)make ([a-z]+)", read(ENGLISH), re.MULTILINE))

    assert targets_of_make() - {"help"} <= mentioned


async def test_the_table_of_the_api_is_what_is_served() -> None:
    async with serve() as api:
        paths = api.app.openapi()["paths"]
    served = [(method.upper(), path) for path, methods in paths.items() for method in methods]

    assert sorted(endpoints(ENGLISH)) == sorted(served)


@pytest.mark.parametrize("name", BOTH)
def test_settings_stand_with_their_defaults(name: str) -> None:
    shown = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`|]+)` \|", prose(read(name)), re.MULTILINE))
    known = dict(re.findall(r"^#([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))

    assert len(shown) >= 6
    assert shown == {setting: known[setting] for setting in shown}


def test_every_example_is_explained_by_itself() -> None:
    examples = sorted(Path(ROOT / "examples").glob("*.py"))

    assert examples
    assert [path.name for path in examples if not path.read_text(encoding="utf-8").startswith('"""')] == []
