"""Tables that fit the terminal: columns as wide as their cells, the flexible ones cut where there is no room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from skalds.cli.plain_text import cut, visible

_GAP = 2


class Cell(NamedTuple):
    """What stands in a table, and how it looks."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `least` is the width to which it may be cut, None if it must stay whole.

    Where `least` of all columns is still too much, they are cut down to `narrowest`.
    """

    title: str
    least: int | None = None
    narrowest: int = 4
    right: bool = False


def render_table(columns: Sequence[Column], rows: Sequence[Sequence[Cell | str]], width: int) -> list[Text]:
    """The lines of the table, titles first. Text of cells is made safe here."""
    cells = [[_safe(cell) for cell in row] for row in rows]
    widths = _fit([_natural(column, [row[n] for row in cells]) for n, column in enumerate(columns)], columns, width)
    titles = [Cell(column.title.upper(), "bold") for column in columns]
    return [_line(columns, row, widths) for row in [titles, *cells]]


def _safe(cell: Cell | str) -> Cell:
    text, style = cell if isinstance(cell, Cell) else (cell, "")
    return Cell(visible(text), style)


def _natural(column: Column, cells: Sequence[Cell]) -> int:
    return max(cell_len(text) for text in (column.title, *(cell.text for cell in cells)))


def _fit(widths: list[int], columns: Sequence[Column], width: int) -> list[int]:
    """Takes from the widest flexible column until the line fits or nothing is left to take."""
    excess = sum(widths) + _GAP * (len(widths) - 1) - width
    flexible = {n: column.least for n, column in enumerate(columns) if column.least is not None}
    for floors in (flexible, {n: columns[n].narrowest for n in flexible}):
        while excess > 0 and (shrinkable := [n for n, least in floors.items() if widths[n] > least]):
            widths[max(shrinkable, key=lambda n: widths[n])] -= 1
            excess -= 1
    return widths


def _line(columns: Sequence[Column], cells: Sequence[Cell], widths: Sequence[int]) -> Text:
    line = Text()
    for number, (column, cell, width) in enumerate(zip(columns, cells, widths, strict=True)):
        text = cut(cell.text, width)
        padding = " " * (width - cell_len(text))
        line.append(padding if column.right else "")
        line.append(text, cell.style or None)
        line.append("" if column.right else padding)
        line.append(" " * _GAP if number + 1 < len(columns) else "")
    line.rstrip()
    return line
