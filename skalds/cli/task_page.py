"""`skalds task show`: everything about one task on one screen."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.facts import render_block, render_facts
from skalds.cli.plain_text import visible, visible_lines
from skalds.cli.screen import json_text
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_asks import asked_for
from skalds.cli.task_looks import bar, is_retrying, progress_text, status_cell
from skalds.cli.task_lookup import find_task
from skalds.cli.time_text import duration_text, moment_text, now_ms
from skalds.cli.wait_reasons import advice_for

_TRACEBACK_LINES = 8
_VALUE_LINES = 12
_RUNS_SHOWN = 6
_NAME_WIDTH = len("attachments  ")
_ALL_OF_IT = "all of it with: --json"

_RUN_COLUMNS = (
    Column("run", right=True),
    Column("node", least=8),
    Column("waited", right=True),
    Column("accept", right=True),
    Column("start", right=True),
    Column("ran", right=True),
    Column("outcome"),
    Column("ended"),
    Column("devices", least=8),
)
_COUNTS = (("losses", "lost"), ("refusals", "refused"), ("requeues", "requeued"))


async def show_task(session: Session, given: str) -> int:
    """Prints the task of this id."""
    task = await find_task(session.client, given)
    if session.screen.as_json:
        session.screen.data(task)
    else:
        session.screen.show(render_task(task, now_ms(), session.screen.width))
    return 0


def render_task(task: Mapping[str, Any], now: int, width: int) -> list[Text]:
    """The page: facts, why it waits, runs, error, result."""
    sections = (
        render_facts(_facts(task, now), width),
        _waiting(task, now, width),
        _runs(task, now, width),
        _error(task, width),
        _values({"result": task["result"], "attachments": task["attachments"] or None}, width),
    )
    lines: list[Text] = []
    for section in sections:
        if section:
            lines += [Text(), *section] if lines else section
    return lines


def _facts(task: Mapping[str, Any], now: int) -> Iterator[tuple[str, Cell | str | None]]:
    yield "task", Cell(task["id"], "bold")
    yield "name", task["name"]
    yield "description", task["description"]
    yield "class", task["className"]
    yield "status", Cell(_status_words(task, now), status_cell(task).style)
    yield "node", task["executor"] or (task["pinnedTo"] and f"pinned to {task['pinnedTo']}")
    yield "priority", f"{task['priority']}" + (f", {task['slots']} slots" if task["slots"] != 1 else "")
    yield from asked_for(task)
    yield "attempt", _attempt_words(task)
    if task["progress"]:
        fraction = task["progress"]["fraction"]
        yield "progress", f"{bar(fraction, 1, 20)} {progress_text(task['progress'])}"
    if task["checkpoint"] is not None:
        yield "checkpoint", json_text(task["checkpoint"]).splitlines()[0]
    yield "submitted", f"{moment_text(task['createDateTime'])} ({duration_text(now - task['createDateTime'])} ago)"
    yield "changed", f"{moment_text(task['updateDateTime'])} ({duration_text(now - task['updateDateTime'])} ago)"


def _status_words(task: Mapping[str, Any], now: int) -> str:
    status: str = task["lifecycleStatus"]
    if is_retrying(task):
        return f"{status}, tried again in {duration_text(task['eligibleAt'] - now)}"
    if task["final"] and not task["releasedAt"] and task["attempt"]:
        return f"{status}, its processes are still stopping"
    return f"{status} for good" if status == "Failed" else status


def _attempt_words(task: Mapping[str, Any]) -> str:
    limit = f"of at most {task['maxAttempts']}" if task["maxAttempts"] else "(no limit)"
    counted = [f"{task[field]} {word}" for field, word in _COUNTS if task[field]]
    return ", ".join([str(task["attempt"] or "none yet"), f"{task['failures']} {limit} failed", *counted])


def _waiting(task: Mapping[str, Any], now: int, width: int) -> list[Text]:
    advice = advice_for(task, now)
    if advice is None:
        return []
    facts: list[tuple[str, Cell | str | None]] = [
        ("waiting", Cell(task["waiting"], "yellow")),
        ("why", advice.sentence),
        ("next step", Cell(advice.command, "bold")),
    ]
    return render_facts(facts, width)


def _runs(task: Mapping[str, Any], now: int, width: int) -> list[Text]:
    runs: Sequence[Mapping[str, Any]] = task["runs"]
    if not runs:
        return []
    before = [None, *(run["finished"] for run in runs)]
    rows = [_run_row(run, ended, now) for run, ended in zip(runs, before, strict=False)]
    columns = len(_RUN_COLUMNS) - (not any(run.get("devices") for run in runs))
    lines = render_table(_RUN_COLUMNS[:columns], [row[:columns] for row in rows[-_RUNS_SHOWN:]], width)
    hidden = len(rows) - _RUNS_SHOWN
    return [*lines, Text(f"{hidden} earlier runs; {_ALL_OF_IT}", "dim")] if hidden > 0 else lines


def _run_row(run: Mapping[str, Any], previous_end: int | None, now: int) -> Sequence[Cell | str]:
    """The times between the stages; of a run after another, `waited` counts from the end of that."""
    stages = [
        previous_end or run["submitted"],
        *(run[name] for name in ("assigned", "accepted", "running", "finished")),
    ]
    spans = [_span(begin, end) for begin, end in pairwise(stages)]
    if run["running"] and not run["finished"]:
        spans[-1] = duration_text(now - run["running"]) + " …"
    outcome = run["outcome"] or "running"
    colour = {"finished": "green", "failed": "red", "running": "yellow"}.get(outcome, "")
    ended = moment_text(run["finished"])[-8:] if run["finished"] else ""
    return (str(run["attempt"]), run["node"], *spans, Cell(outcome, colour), ended, ", ".join(run.get("devices") or ()))


def _span(begin: int | None, end: int | None) -> str:
    return "–" if begin is None or end is None else duration_text(end - begin)


def _error(task: Mapping[str, Any], width: int) -> list[Text]:
    error = task["errorDetail"]
    if not error:
        return []
    lines = render_facts([("error", Cell(f"{error['type']}: {error['message']}", "red"))], width)
    traceback = visible_lines(error["traceback"])[-_TRACEBACK_LINES:] if error["traceback"] else []
    return [*lines, *render_block("traceback, its end", traceback, width, _TRACEBACK_LINES, _ALL_OF_IT)[1:]]


def _values(values: Mapping[str, Any], width: int) -> list[Text]:
    """What fits beside its name on one line, then the longer ones in lines of their own."""
    known = {name: value for name, value in values.items() if value is not None}
    short = {name: line for name, value in known.items() if (line := _on_one_line(value, width))}
    lines = render_facts(short.items(), width)
    for name, value in known.items():
        if name not in short:
            lines += render_block(name, json_text(value).splitlines(), width, _VALUE_LINES, _ALL_OF_IT)
    return lines


def _on_one_line(value: Any, width: int) -> str:
    line = visible(json.dumps(value, ensure_ascii=False))
    return line if cell_len(line) <= width - _NAME_WIDTH else ""
