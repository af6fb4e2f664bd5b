"""`skalds task list`: one line per task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from skalds.cli.controller_session import Session
from skalds.cli.table import Cell, Column, render_table
from skalds.cli.task_looks import note_cell, status_cell
from skalds.cli.task_lookup import short_id
from skalds.cli.time_text import duration_text, now_ms

_WIDE = 100
"""Columns from which ids are shown whole."""

_COLUMNS = (
    Column("id", least=16, narrowest=12),
    Column("class", least=8),
    Column("status"),
    Column("pri", right=True),
    Column("node", least=6),
    Column("try", right=True),
    Column("age", right=True),
    Column("note", least=19),
)
_WIDE_COLUMNS = (Column("id", least=36), *_COLUMNS[1:])


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks to list."""

    status: str | None = None
    class_name: str | None = None
    executor: str | None = None
    id_part: str | None = None
    page: int = 1
    page_size: int = 20


async def list_tasks(session: Session, wanted: TaskFilter) -> int:
    """Prints one page."""
    answer = await session.client.tasks.list(
        status=wanted.status,
        class_name=wanted.class_name,
        executor=wanted.executor,
        id_part=wanted.id_part,
        page=wanted.page,
        page_size=wanted.page_size,
    )
    if session.screen.as_json:
        session.screen.data(answer)
    else:
        session.screen.show(render_listing(answer, now_ms(), session.screen.width))
    return 0


def render_listing(answer: Mapping[str, Any], now: int, width: int) -> list[Text]:
    """A page of tasks, and how many there are in all."""
    lines = render_tasks(answer["items"], now, width) if answer["items"] else []
    return [*lines, Text(_footer(answer), "dim")]


def render_tasks(tasks: Sequence[Mapping[str, Any]], now: int, width: int) -> list[Text]:
    """A line per task under the titles."""
    columns = _WIDE_COLUMNS if width >= _WIDE else _COLUMNS
    return render_table(columns, [_row(task, now, width) for task in tasks], width)


def _row(task: Mapping[str, Any], now: int, width: int) -> Sequence[Cell | str]:
    return (
        task["id"] if width >= _WIDE else short_id(task["id"]),
        task["className"],
        status_cell(task),
        str(task["priority"]),
        task["executor"] or "",
        str(task["attempt"] or ""),
        duration_text(now - task["createDateTime"]),
        note_cell(task, now),
    )


def _footer(answer: Mapping[str, Any]) -> str:
    shown, total, page = len(answer["items"]), answer["total"], answer["page"]
    if not total:
        return "no tasks; submit one with: skalds task submit CLASS"
    more = "" if answer["totalIsExact"] else " or more"
    step = f"; the next with: --page {page + 1}" if page * answer["pageSize"] < total else ""
    return f"{shown} of {total:,}{more} task{'' if total == 1 else 's'}{step}"
