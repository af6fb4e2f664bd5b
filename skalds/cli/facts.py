"""Lists of facts: a name and what it is, long values wrapped under themselves."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells
from rich.text import Text

from skalds.cli.plain_text import cut, visible
from skalds.cli.table import Cell

_INDENT = "  "


def render_facts(facts: Iterable[tuple[str, Cell | str | None]], width: int) -> list[Text]:
    """A line per fact that is known; values are made safe here."""
    known = [(name, _cell(value)) for name, value in facts if value not in (None, "")]
    left = max((len(name) for name, _ in known), default=0) + len(_INDENT)
    lines: list[Text] = []
    for name, cell in known:
        for number, part in enumerate(wrap(visible(cell.text), width - left)):
            lines.append(Text.assemble(((name if number == 0 else "").ljust(left), "bold"), (part, cell.style)))
    return lines


def render_block(title: str, body: Sequence[str], width: int, most: int, rest: str) -> list[Text]:
    """Some lines under a title, each cut to the width; of more than `most` the end is left to `rest`."""
    shown = body if len(body) <= most else body[: most - 1]
    lines = [Text(title, "bold"), *(Text(_INDENT + cut(line, width - len(_INDENT))) for line in shown)]
    if len(shown) < len(body):
        lines.append(Text(f"{_INDENT}… {len(body) - len(shown)} more lines; {rest}", "dim"))
    return lines


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces where there are any."""
    lines = [""]
    for word in text.split(" "):
        for piece in chop_cells(word, max(1, width)) or [""]:
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if cell_len(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines


def _cell(value: Cell | str | None) -> Cell:
    return value if isinstance(value, Cell) else Cell(value or "")
