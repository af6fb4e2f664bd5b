"""Text of others reaches the terminal as text only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from skalds.cli.plain_text import cut, visible, visible_lines
from skalds.cli.screen import json_text
from tests.unit.cli.answers import HOSTILE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("abc\u202egnp", "abc\\u202egnp"),
        ("\x9b2J\x07\x7f", "\\x9b2J\\x07\\x7f"),
        ("物件\u3000人", "物件\u3000人"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_written_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_but_printable_characters_and_spaces_is_left(text: str) -> None:
    assert all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in visible(text))


def test_line_breaks_that_are_meant_stay() -> None:
    assert visible_lines("one\n\ttwo\x1b[0m\n") == ["one", "    two\\x1b[0m"]


@given(st.text(), st.integers(0, 40))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert cell_len(cut(visible(text), width)) <= width


def test_a_cut_text_says_so() -> None:
    assert cut("abcdefgh", 5) == "abcd…"
    assert cut("物件物件", 5) == "物件…"


def test_json_stays_equal_and_cannot_steer_a_terminal() -> None:
    import json

    value = {"a": HOSTILE, "b": ["物件", "🚀\u200d", 1.5, None]}

    assert json.loads(json_text(value)) == value
    assert all(sign.isprintable() or sign == "\n" for sign in json_text(value))
