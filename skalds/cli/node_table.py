"""`skalds node list`: one line per node."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from skalds.cli.amount_text import amount_text
from skalds.cli.controller_session import Session
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_looks import bar
from skalds.cli.time_text import duration_text, now_ms

_GAP = 2
_BAR = 6
_CLASSES_SHOWN = 3
_ONLY_WHERE_USED = {"resources", "labels", "breakers"}
_LEAST_TELLING = ("host", "session")
_BREAKERS = (("open", "red"), ("probing", "yellow"))
_RESOURCES = ("gpu", "cpu", "memory")
_SHORT = {"memory": "mem"}
_COLOURS = {"online": "green", "suspect": "yellow", "lost": "red", "offline": "red"}

_COLUMNS = (
    Column("node", least=8, narrowest=6),
    Column("status", least=16, narrowest=7),
    Column("slots"),
    Column("resources", least=23, narrowest=10),
    Column("beat", right=True),
    Column("session", right=True),
    Column("classes", least=12),
    Column("labels", least=6),
    Column("breakers", least=12, narrowest=8),
    Column("host", least=8),
)


async def list_nodes(session: Session) -> int:
    """Prints the nodes by id."""
    answer = await session.client.system.node_list()
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_nodes(answer["items"], now_ms(), session.screen.width))
    return 0


def render_nodes(nodes: Sequence[Mapping[str, Any]], now: int, width: int) -> list[Text]:
    """The table, and how many nodes take work; a column that is empty everywhere may be left out."""
    if not nodes:
        return [Text("no nodes; start one with: skalds node --app module:attribute", "dim")]
    rows = [_row(node, now) for node in nodes]
    kept = _columns_for(rows, width)
    lines = render_table([_COLUMNS[n] for n in kept], [[row[n] for n in kept] for row in rows], width)
    return [*lines, Text(_footer(nodes), "dim")]


def _columns_for(rows: Sequence[Sequence[Cell | str]], width: int) -> Sequence[int]:
    """The places of the columns to show; where there is no room, some give way to what is special about nodes."""
    special = {n for n, column in enumerate(_COLUMNS) if column.title in _ONLY_WHERE_USED}
    told = {n for n in special if any(_text(row[n]) for row in rows)}
    kept = [n for n in range(len(_COLUMNS)) if n not in special - told]
    for title in _LEAST_TELLING if told else ():
        if sum(_natural(rows, n) for n in kept) + _GAP * len(kept) > width:
            kept = [n for n in kept if _COLUMNS[n].title != title]
    return kept


def _natural(rows: Sequence[Sequence[Cell | str]], n: int) -> int:
    return max(cell_len(text) for text in (_COLUMNS[n].title, *(_text(row[n]) for row in rows)))


def _row(node: Mapping[str, Any], now: int) -> Sequence[Cell | str]:
    return (
        node["id"],
        _status(node),
        _slots(node),
        _resources(node),
        duration_text(now - int(node["lastHeartbeat"])),
        str(node["session"]),
        _some(node["supportedTasks"]),
        ",".join(f"{name}={value}" for name, value in node["labels"].items()),
        _breakers(node.get("breakers") or {}),
        _host(node["facts"]),
    )


def _status(node: Mapping[str, Any]) -> Cell:
    """Status, and liveness where it says something else: `online, suspect` is there but gets no new work."""
    words = [node["status"]]
    words += [node["liveness"]] if node["liveness"] != node["status"] and node["liveness"] != "online" else []
    words += ["draining"] if node["draining"] else ["cordoned"] if node["cordoned"] else []
    colour = _COLOURS.get(words[-1], "yellow")
    return Cell(", ".join(words), colour)


def _slots(node: Mapping[str, Any]) -> str:
    used, slots = node["usedSlots"], node["slots"]
    if not slots:
        return f"{used} of any"
    shown, reserved = f"{bar(used, slots, min(_BAR, slots))} {used}/{slots}", node.get("reservedSlots")
    if not reserved or not reserved["slots"]:
        return shown
    return f"{shown} ({reserved['slots']} for pri {reserved['priority']}+)"


def _resources(node: Mapping[str, Any]) -> str:
    """What is in use of what the node offers, of that which somebody declared or a run takes."""
    offered, used = node["resources"], node.get("usedResources") or {}
    # GPUs are never there unless they were declared.
    told = {"gpu", *used, *(node["facts"].get("declared") or ())}
    return "  ".join(
        _resource(name, used.get(name, 0), offered[name]) for name in _RESOURCES if name in told & {*offered}
    )


def _resource(name: str, used: float, offered: Any) -> str:
    most = len(offered) if isinstance(offered, list) else offered
    taken, whole = amount_text(name, used, 1), amount_text(name, most, 1)
    unit = whole.lstrip(".0123456789")
    return f"{_SHORT.get(name, name)} {taken.removesuffix(unit)}/{whole}"


def _breakers(breakers: Mapping[str, Sequence[str]]) -> Cell:
    told = [(state, colour) for state, colour in _BREAKERS if breakers.get(state)]
    words = [f"{state}: {_some(breakers[state])}" for state, _ in told]
    return Cell("; ".join(words), told[0][1] if told else "")


def _text(cell: Cell | str) -> str:
    return cell.text if isinstance(cell, Cell) else cell


def _some(classes: Sequence[str]) -> str:
    more = len(classes) - _CLASSES_SHOWN
    return ", ".join(classes[:_CLASSES_SHOWN]) + (f" +{more}" if more > 0 else "")


def _host(facts: Mapping[str, Any]) -> str:
    known = [facts.get("hostname"), facts.get("cpus") and f"{facts['cpus']} cpus"]
    known += [facts.get("python") and f"py {facts['python']}", facts.get("pid") and f"pid {facts['pid']}"]
    return ", ".join(str(fact) for fact in known if fact)


def _footer(nodes: Sequence[Mapping[str, Any]]) -> str:
    ready = sum(
        node["liveness"] == "online" == node["status"] and not (node["draining"] or node["cordoned"]) for node in nodes
    )
    return f"{ready} of {len(nodes)} node{'' if len(nodes) == 1 else 's'} take{'s' if ready == 1 else ''} new work"
