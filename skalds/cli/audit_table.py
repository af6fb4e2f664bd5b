"""`skalds audit`: one line per change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import wrap
from skalds.cli.plain_text import visible
from skalds.cli.table import Column, render_table
from skalds.cli.time_text import moment_text

_COLUMNS = (
    Column("number", right=True),
    Column("when"),
    Column("who", least=8),
    Column("did", least=12),
    Column("to", least=12),
    Column("change", least=12),
)
_GAPS = 2 * (len(_COLUMNS) - 1)
_NARROWEST_CHANGE = 24
_MOST_LINES = 6
_NOT_SET = "not set"


async def show_audit(session: Session, limit: int, before: int | None) -> int:
    """Prints the latest entries, or those older than number `before`."""
    answer = await session.client.policy.audit(limit, before)
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_audit(answer, session.screen.width, before))
    return 0


def render_audit(answer: Mapping[str, Any], width: int, before: int | None = None) -> list[Text]:
    """The table, and how to go on; `before` is what was asked for."""
    entries: Sequence[Mapping[str, Any]] = answer["items"]
    if not entries:
        nothing = "nobody has changed anything" if before is None else f"nothing is older than number {before}"
        return [Text(nothing, "dim")]
    lines = render_table(_COLUMNS, _rows(entries, width), width)
    older = answer["before"]
    return lines if older is None else [*lines, Text(f"older ones with: --before {older}", "dim")]


def _rows(entries: Sequence[Mapping[str, Any]], width: int) -> list[Sequence[str]]:
    """A row for each entry, and others below it where its change takes more than a line."""
    heads = [
        (str(one["number"]), moment_text(one["at"]), *(visible(one[name]) for name in ("actor", "action", "target")))
        for one in entries
    ]
    titles = [column.title for column in _COLUMNS]
    taken = sum(max(map(cell_len, column)) for column in zip(titles, *heads, strict=False)) + _GAPS
    rows: list[Sequence[str]] = []
    for head, entry in zip(heads, entries, strict=True):
        first, *others = wrap(
            visible(change_text(entry["before"], entry["after"])), max(_NARROWEST_CHANGE, width - taken)
        )
        if len(others) >= _MOST_LINES:
            others = [*others[: _MOST_LINES - 2], "… all of it with: --json"]
        rows += [(*head, first), *(("",) * len(head) + (other,) for other in others)]
    return rows


def change_text(before: Any, after: Any) -> str:
    """`weight 1 → 2, maxRunning none → 4`: of objects only what differs."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = dict(_flat(before)), dict(_flat(after))
        differing = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return ", ".join(f"{name} {_value(old.get(name))} → {_value(new.get(name))}" for name in differing)
    if before is None and after is None:
        return ""
    return f"{_whole(before)} → {_whole(after)}"


def _flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Objects inside become names with a dot: `labels.zone`."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{above}{name}.")
        else:
            yield f"{above}{name}", inner


def _whole(value: Any) -> str:
    """A value where the other side is not comparable; of an object what it sets."""
    if value is None:
        return _NOT_SET
    if isinstance(value, dict):
        told = [
            f"{name}{'=' if '.' in name else ' '}{_value(inner)}"
            for name, inner in _flat(value)
            if inner not in (None, False)
        ]
        return ", ".join(told) or "defaults"
    return _value(value)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'
