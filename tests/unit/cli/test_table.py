"""Tables keep to the width they are given."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from skalds.cli.table import Cell, Column, render_table
from tests.unit.cli.answers import HOSTILE, text_of

COLUMNS = (Column("id", least=6), Column("n", right=True), Column("note", least=8))


def test_columns_are_as_wide_as_their_cells() -> None:
    lines = text_of(render_table(COLUMNS, [("one", "1", "first"), ("seven", "1234", "")], 80))

    assert lines == ["ID        N  NOTE", "one       1  first", "seven  1234"]


def test_the_widest_flexible_column_is_cut_first() -> None:
    lines = text_of(render_table(COLUMNS, [("abcdefgh", "1", "a note that is much too long")], 24))

    assert lines[1] == "abcdefgh  1  a note tha…"


def test_wide_characters_count_twice() -> None:
    lines = text_of(render_table(COLUMNS, [("物件", "1", "x"), ("abcd", "2", "y")], 80))

    assert lines[1:] == ["物件  1  x", "abcd  2  y"]


def test_cells_cannot_steer_the_terminal_or_break_the_line() -> None:
    lines = text_of(render_table(COLUMNS, [(HOSTILE, "1", Cell(HOSTILE, "red"))], 200))

    assert len(lines) == 2
    assert lines[1].isprintable()


@given(st.lists(st.tuples(st.text(), st.integers(0, 999).map(str), st.text())), st.integers(24, 120))
def test_every_line_fits(rows: list[tuple[str, str, str]], width: int) -> None:
    assert all(cell_len(line) <= width for line in text_of(render_table(COLUMNS, rows, width)))
