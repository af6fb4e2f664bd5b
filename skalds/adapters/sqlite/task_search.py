# ruff: noqa: S608 - only constants of this package are put into SQL
"""Pages of the task list."""

from dataclasses import dataclass, field
from typing import Any, Self

import apsw
import orjson

from skalds.adapters.sqlite.select import column, one, rows
from skalds.adapters.sqlite.task_row import TASK_COLUMNS, task_of
from skalds.model.task_query import EXACT_TOTAL_LIMIT, TaskPage, TaskQuery

_FEW = 10_000

# How many tasks have one status.
COUNT_STATUS = "SELECT n FROM tally WHERE name = ?"
# Tasks with a text in their id; walks the index of ids, not the wide rows.
FIND_ID_PART = """
    SELECT task.seq FROM task INDEXED BY sqlite_autoindex_task_1
    WHERE instr(lower(task.id), lower(?)) > 0 LIMIT ?
"""
# How many match, counted up to a limit.
COUNT = "SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {where} LIMIT {limit})"
# The newest that match, page by page; wide rows are read for the page only.
PAGE = f"""
    SELECT {TASK_COLUMNS} FROM (
        SELECT run.seq AS seq, task.id AS id, run.created AS created
        FROM {{source}} WHERE {{where}}
        ORDER BY run.created DESC, task.id DESC LIMIT ? OFFSET ?
    ) AS page
    CROSS JOIN task ON task.seq = page.seq JOIN run ON run.seq = page.seq LEFT JOIN report ON report.seq = page.seq
    ORDER BY page.created DESC, page.id DESC
"""
_WITH_ID = " CROSS JOIN task ON task.seq = run.seq"


@dataclass
class _Filter:
    """Conditions as SQL with their values; no text of the user is ever part of the SQL."""

    index: str = "INDEXED BY run_newest"
    conditions: list[str] = field(default_factory=lambda: ["1"])
    values: list[Any] = field(default_factory=list)
    reads_id: bool = False

    def add(self, condition: str, value: Any) -> None:
        self.conditions.append(condition)
        self.values.append(value)

    @classmethod
    def of(cls, connection: apsw.Connection, query: TaskQuery) -> Self:
        """The conditions of `query` and the index that leaves the least to look through."""
        chosen = cls()
        if query.status is not None:
            chosen.add("run.status = ?", query.status)
            chosen.index = "INDEXED BY run_by_status"
        if query.class_name is not None:
            chosen.add("run.class = (SELECT id FROM class WHERE name = ?)", query.class_name)
            if query.status is None or (one(connection, COUNT_STATUS, (query.status,)) or 0) > _FEW:
                chosen.index = "INDEXED BY run_by_class"
        if query.executor is not None:
            chosen.add("run.executor = ?", query.executor)
            chosen.index = "INDEXED BY run_by_executor"
        if query.id_part is not None:
            chosen._add_id_part(connection, query.id_part)
        return chosen

    def _add_id_part(self, connection: apsw.Connection, text: str) -> None:
        found = column(connection, FIND_ID_PART, (text, EXACT_TOTAL_LIMIT + 1))
        if len(found) <= EXACT_TOTAL_LIMIT:
            self.index = "NOT INDEXED"
            self.add("run.seq IN (SELECT value FROM json_each(?))", orjson.dumps(found).decode())
        else:
            self.add("instr(lower(task.id), lower(?)) > 0", text)
            self.reads_id = True


def search(connection: apsw.Connection, query: TaskQuery) -> TaskPage:
    """One page of the tasks that match every filter."""
    chosen = _Filter.of(connection, query)
    where = " AND ".join(chosen.conditions)
    source = f"run {chosen.index}"
    counted = COUNT.format(source=source + _WITH_ID * chosen.reads_id, where=where, limit=EXACT_TOTAL_LIMIT + 1)
    total: int = one(connection, counted, chosen.values)
    offset = (query.page - 1) * query.page_size
    page = PAGE.format(source=source + _WITH_ID, where=where)
    found = rows(connection, page, (*chosen.values, query.page_size, offset))
    return TaskPage([task_of(row) for row in found], min(total, EXACT_TOTAL_LIMIT), total <= EXACT_TOTAL_LIMIT)
