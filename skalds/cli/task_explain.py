"""`skalds task explain`: why a task is not running, what would start it, and what keeps each node from taking it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import render_facts
from skalds.cli.plain_text import cut, visible
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_looks import status_cell
from skalds.cli.task_lookup import with_task
from skalds.cli.time_text import duration_text, moment_text, now_ms

_NODES_SHOWN = 15
_PARENTS_SHOWN = 5
_ALL_OF_IT = "all of it with: --json"

_COLUMNS = (Column("node", least=8), Column("in the way", least=10), Column("change", least=20))
_PARENT_COLUMNS = (Column("depends on", least=12), Column("status"))


async def show_explanation(session: Session, given: str) -> int:
    """Prints the explanation of the task of this id."""
    explained = await with_task(session.client, given, session.client.tasks.explain)
    if session.screen.as_json:
        session.screen.data(explained)
    else:
        session.screen.show(render_explanation(explained, now_ms(), session.screen.width))
    return 0


def render_explanation(explained: Mapping[str, Any], now: int, width: int) -> list[Text]:
    """The page: facts, what it depends on, then the nodes, closest first."""
    sections = (render_facts(_facts(explained, now), width), _parents(explained, width), _nodes(explained, width))
    lines: list[Text] = []
    for section in sections:
        if section:
            lines += [Text(), *section] if lines else section
    return lines


def _facts(explained: Mapping[str, Any], now: int) -> Iterator[tuple[str, Cell | str | None]]:
    yield "task", Cell(explained["id"], "bold")
    yield "status", Cell(explained["status"], status_cell({"lifecycleStatus": explained["status"]}).style)
    reason = explained["reason"]
    if reason:
        yield (
            "waiting",
            Cell(f"{reason}, until somebody changes something" if explained["permanent"] else reason, "yellow"),
        )
    yield "why", explained["text"]
    yield "change", explained["change"] and Cell(explained["change"], "bold")
    since = explained["since"]
    if reason and since <= now:
        yield "since", f"{moment_text(since)} ({duration_text(now - since)} ago)"
    before = explained["tasksBefore"]
    if before:
        yield "before it", f"{before} task{'' if before == 1 else 's'} of the same kind"


def _parents(explained: Mapping[str, Any], width: int) -> list[Text]:
    parents: Sequence[Mapping[str, Any]] = explained["dependencies"]
    if not parents:
        return []
    rows = [(parent["id"], status_cell({"lifecycleStatus": parent["status"]})) for parent in parents[:_PARENTS_SHOWN]]
    return [*render_table(_PARENT_COLUMNS, rows, width), *_hidden(len(parents) - len(rows), "")]


def _nodes(explained: Mapping[str, Any], width: int) -> list[Text]:
    nodes: Sequence[Mapping[str, Any]] = explained["nodes"]
    if not nodes:
        return []
    rows = [_row(node) for node in nodes[:_NODES_SHOWN]]
    counted = ", ".join(f"{reason} {count}" for reason, count in explained["counts"].items())
    footer = cut(visible(f"nodes by reason: {counted}"), width)
    return [
        *render_table(_COLUMNS, rows, width),
        *_hidden(len(nodes) - len(rows), " nodes"),
        *([Text(footer, "dim")] if len(nodes) > 1 and counted else []),
    ]


def _row(node: Mapping[str, Any]) -> Sequence[Cell | str]:
    if not node["reasons"]:
        return (node["id"], Cell("nothing", "green"), "")
    return (node["id"], Cell(", ".join(_obstacles(node)), "yellow"), "; ".join(node["changes"]))


def _obstacles(node: Mapping[str, Any]) -> Sequence[str]:
    """The reasons; in place of `no_node_online` what is so with this node, such as `cordoned`."""
    state = node.get("state")
    return [state if state and reason == "no_node_online" else reason for reason in node["reasons"]]


def _hidden(count: int, what: str) -> list[Text]:
    return [Text(f"{count} more{what}; {_ALL_OF_IT}", "dim")] if count > 0 else []
