"""`skalds dispatcher plan` and `dump`: what the dispatcher would do."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import render_facts
from skalds.cli.screen import json_text
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.time_text import counted
from skalds.cli.typed_names import naming
from skalds.errors import ConfigurationError

_NODE_COLUMNS = (Column("tasks", right=True), Column("to node", least=8))
_WAIT_COLUMNS = (Column("kinds of task", right=True), Column("would wait for"))
_TYPED_NAMES = {
    "nodes": "--add-nodes",
    "nodes.count": "--add-nodes",
    "nodes.id": "--add-nodes",
    "nodes.like": "--like",
    "without": "--without",
    "strategy": "--strategy",
    "limit": "--limit",
}
_TASK_COLUMNS = (Column("task", least=12), Column("class", least=8), Column("to node", least=8))
_RUN_COLUMNS = (Column("drained", least=12), Column("on node", least=8), Column("for", least=12))
_NODES_SHOWN = 20


def supposing(
    add_nodes: int, like: str | None, without: Sequence[str], strategy: str | None, limit: int
) -> dict[str, Any]:
    """The body of the request; what is not supposed is left out."""
    body: dict[str, Any] = {"limit": limit}
    if add_nodes:
        body["nodes"] = [{"count": add_nodes, "like": like}]
    if without:
        body["without"] = list(without)
    if strategy is not None:
        body["strategy"] = strategy
    return body


async def show_plan(session: Session, wanted: Mapping[str, Any]) -> int:
    """Prints the plan."""
    with naming(_TYPED_NAMES):
        plan = await session.client.dispatch.plan(wanted)
    if session.screen.as_json:
        session.screen.data(plan)
    else:
        session.screen.show(render_plan(plan, session.screen.width))
    return 0


async def dump_pass(session: Session, out: str | None) -> int:
    """Writes a pass as JSON."""
    dump = await session.client.dispatch.dump_pass()
    if out is None:
        session.screen.data(dump)
    else:
        _write(out, json_text(dump))
        planned = counted(len(dump["plan"]["assignments"]), "assignment")
        session.screen.say(f"skalds: {planned} planned, written to {out}")
    return 0


def _write(out: str, text: str) -> None:
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError("FILE", out, f"a file that can be written ({error.strerror})") from error


def render_plan(plan: Mapping[str, Any], width: int) -> list[Text]:
    """How many tasks would go where, which would wait, and the first assignments one by one."""
    nodes = [(str(tasks), node) for node, tasks in plan["perNode"].items()]
    waiting = [(str(lanes), Cell(reason, "yellow")) for reason, lanes in plan["waiting"].items()]
    tasks = [(one["taskId"], one["className"], one["nodeId"]) for one in plan["assignments"]]
    runs = [(one["taskId"], one["nodeId"], one["forTask"]) for one in plan["preemptions"]]
    lines = render_facts(_facts(plan, len(nodes)), width)
    for columns, rows in (
        (_NODE_COLUMNS, nodes[:_NODES_SHOWN]),
        (_WAIT_COLUMNS, waiting),
        (_TASK_COLUMNS, tasks),
        (_RUN_COLUMNS, runs),
    ):
        lines += [Text(), *render_table(columns, rows, width)] if rows else []
    return lines


def _facts(plan: Mapping[str, Any], nodes: int) -> Iterator[tuple[str, Cell | str]]:
    more = "" if plan["complete"] else "; a pass would go on from there"
    yield "would assign", f"{counted(plan['assigned'], 'task')} to {counted(nodes, 'node')}{more}"
    yield "strategy", plan["strategy"]
    if plan.get("paused"):
        yield "paused", Cell("dispatching is paused; nothing of this happens until: skalds dispatcher resume", "yellow")
