"""`skalds node list`: one line per node."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_looks import bar
from skalds.cli.time_text import duration_text, now_ms

_BAR = 6
_CLASSES_SHOWN = 3
_COLOURS = {"online": "green", "suspect": "yellow", "lost": "red", "offline": "red"}

_COLUMNS = (
    Column("node", least=8),
    Column("status", least=7),
    Column("slots"),
    Column("beat", right=True),
    Column("session", right=True),
    Column("classes", least=12),
    Column("labels", least=6),
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
    """The table, and how many nodes take work; a column that is empty everywhere is left out."""
    if not nodes:
        return [Text("no nodes; start one with: skalds node --app module:attribute", "dim")]
    rows = [_row(node, now) for node in nodes]
    kept = [n for n, column in enumerate(_COLUMNS) if column.title != "labels" or any(row[n] for row in rows)]
    lines = render_table([_COLUMNS[n] for n in kept], [[row[n] for n in kept] for row in rows], width)
    return [*lines, Text(_footer(nodes), "dim")]


def _row(node: Mapping[str, Any], now: int) -> Sequence[Cell | str]:
    return (
        node["id"],
        _status(node),
        _slots(node),
        duration_text(now - int(node["lastHeartbeat"])),
        str(node["session"]),
        _some(node["supportedTasks"]),
        ",".join(f"{name}={value}" for name, value in node["labels"].items()),
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
    return f"{bar(used, slots, min(_BAR, slots))} {used}/{slots}" if slots else f"{used} of any"


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
