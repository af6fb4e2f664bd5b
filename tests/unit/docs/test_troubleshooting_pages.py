"""Both pages of troubleshooting show the same commands and outputs."""

from tests.unit.docs.markdown import blocks, heading_levels, links, read

ENGLISH = "docs/troubleshooting.md"
CHINESE = "docs/troubleshooting.zh-TW.md"


def test_both_have_the_same_headings() -> None:
    assert heading_levels(read(CHINESE)) == heading_levels(read(ENGLISH))


def test_both_have_the_same_commands_and_outputs() -> None:
    assert blocks(read(CHINESE)) == blocks(read(ENGLISH))


def test_both_link_to_the_same_places_and_to_each_other() -> None:
    names = {ENGLISH.rpartition("/")[2], CHINESE.rpartition("/")[2]}

    assert set(links(read(CHINESE))) - names == set(links(read(ENGLISH))) - names
    assert CHINESE.rpartition("/")[2] in links(read(ENGLISH))
    assert ENGLISH.rpartition("/")[2] in links(read(CHINESE))
