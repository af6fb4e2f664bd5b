"""`skalds task watch`: tasks until they have ended; a live table on a terminal, a line per change without one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.plain_text import visible
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_looks import bar, note_cell, status_cell
from skalds.cli.task_lookup import find_task, short_id
from skalds.cli.task_wait import report_ended
from skalds.cli.time_text import duration_text, now_ms

_LOOK_SECONDS = 0.5
_MOST_WATCHED = 50
_BAR = 6
_UNENDED = ("Running", "Assigning", "Paused", "Created", "Failed")
_HEADROOM = 4
"""Lines of the terminal that the live table leaves free."""

_COLUMNS = (
    Column("id", least=12, narrowest=12),
    Column("class", least=8),
    Column("status"),
    Column("node", least=8),
    Column("try", right=True),
    Column("progress"),
    Column("time", right=True),
    Column("note", least=12),
)


async def watch_tasks(session: Session, given: Sequence[str]) -> int:
    """Watches the tasks, or those that have not ended when there are none named; succeeds if all finished."""
    if given:
        tasks: Sequence[Mapping[str, Any]] = [await find_task(session.client, one) for one in given]
    else:
        tasks = await _unended(session)
    if not tasks:
        session.screen.say("nothing to watch: every task has ended")
        return 0
    with _View(session.screen.out, session.screen.as_json) as view:
        view.show(tasks)
        while not all(task["final"] for task in tasks):
            await asyncio.sleep(_LOOK_SECONDS)
            tasks = await asyncio.gather(*(_latest(session, task) for task in tasks))
            view.show(tasks)
    if session.screen.as_json:
        session.screen.data(tasks[0] if len(tasks) == 1 else list(tasks))
    return report_ended(session.screen, tasks)


async def _latest(session: Session, task: Mapping[str, Any]) -> Mapping[str, Any]:
    return task if task["final"] else await session.client.tasks.get(task["id"])


async def _unended(session: Session) -> Sequence[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for status in _UNENDED:
        answer = await session.client.tasks.list(status=status, page_size=_MOST_WATCHED)
        found += [task for task in answer["items"] if not task["final"]]
    if len(found) > _MOST_WATCHED:
        session.screen.say(f"more than {_MOST_WATCHED} tasks have not ended; watching {_MOST_WATCHED} of them")
    return found[:_MOST_WATCHED]


class _View:
    """Shows each look at the tasks; nothing at all if only JSON is wanted at the end."""

    def __init__(self, console: Console, silent: bool) -> None:
        self._console = console
        self._silent = silent
        live = console.is_terminal and not silent
        self._live = Live(console=console, auto_refresh=False) if live else None
        self._told: dict[str, str] = {}

    def __enter__(self) -> "_View":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        if self._silent:
            return
        if self._live is not None:
            self._live.update(render_watch(tasks, now_ms(), self._console.width, self._console.height), refresh=True)
            return
        for task in tasks:
            line = watch_line(task)
            if self._told.get(task["id"]) != line:
                self._told[task["id"]] = line
                self._console.print(Text(f"{time.strftime('%H:%M:%S')} {line}"), soft_wrap=True)


def watch_line(task: Mapping[str, Any]) -> str:
    """A task at one moment, as a line that changes only with the task."""
    where = f"attempt {task['attempt']}" + (f" on {task['executor']}" if task["executor"] else "")
    words = [short_id(task["id"]), task["lifecycleStatus"], *([where] if task["attempt"] else [])]
    if task["waiting"]:
        words.append(f"({task['waiting']})")
    elif not task["final"] or task["lifecycleStatus"] == "Failed":
        words.append(note_cell(task, 0).text)
    return visible(" ".join(words).rstrip())


def render_watch(tasks: Sequence[Mapping[str, Any]], now: int, width: int, height: int) -> Group:
    """The live table: as many tasks as the terminal is high, those that have not ended first."""
    room = max(1, height - _HEADROOM)
    chosen = sorted(tasks, key=lambda task: task["final"])[:room] if len(tasks) > room else tasks
    lines = render_table(_COLUMNS, [_row(task, now) for task in chosen], width - 1)
    hidden = len(tasks) - len(chosen)
    ended = sum(task["final"] for task in tasks)
    more = f"; {hidden} not shown" if hidden else ""
    return Group(*lines, Text(f"{ended} of {len(tasks)} ended{more} · Ctrl-C stops watching only", "dim"))


def _row(task: Mapping[str, Any], now: int) -> Sequence[Cell | str]:
    progress = task["progress"]
    running = task["lifecycleStatus"] == "Running" and progress
    return (
        short_id(task["id"]),
        task["className"],
        status_cell(task),
        task["executor"] or "",
        str(task["attempt"] or ""),
        Cell(f"{bar(progress['fraction'], 1, _BAR)} {progress['fraction']:4.0%}", "cyan") if progress else "",
        _time(task, now),
        Cell(progress["message"]) if running else note_cell(task, now),
    )


def _time(task: Mapping[str, Any], now: int) -> str:
    """How long the run has taken, or how long the task waits."""
    run = task["runs"][-1] if task["runs"] else None
    if run and run["running"] and (run["finished"] or task["lifecycleStatus"] == "Running"):
        return duration_text((run["finished"] or now) - run["running"])
    return "" if task["final"] else duration_text(now - task["createDateTime"])
