# ruff: noqa: S608 - only constants of this package are put into SQL
"""Reading tasks."""

from collections.abc import Mapping, Sequence

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.select import column, rows
from skalds.adapters.sqlite.task_row import TASK_COLUMNS, task_of
from skalds.adapters.sqlite.task_search import search
from skalds.model.task import Task
from skalds.model.task_query import TaskPage, TaskQuery
from skalds.ports.task_catalog import TaskCatalog

# The tasks of these ids.
FIND_BY_ID = f"""
    SELECT asked.key, {TASK_COLUMNS} FROM json_each(?) AS asked
    CROSS JOIN task ON task.id = asked.value JOIN run ON run.seq = task.seq LEFT JOIN report ON report.seq = task.seq
"""
# The counts kept with every write.
COUNT_BY_STATUS = "SELECT name, n FROM tally WHERE n > 0"
# Classes that a task has.
CLASS_NAMES = "SELECT name FROM class WHERE EXISTS (SELECT 1 FROM run WHERE run.class = class.id) ORDER BY name"


class SqliteTaskCatalog:
    """`TaskCatalog` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, task_id: str) -> Task | None:
        tasks = await self.get_many([task_id])
        return tasks[0] if tasks else None

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return await self._connection.read(lambda connection: select_tasks(connection, task_ids))

    async def find(self, query: TaskQuery) -> TaskPage:
        return await self._connection.read(lambda connection: search(connection, query))

    async def count_by_status(self) -> Mapping[str, int]:
        return await self._connection.read(lambda connection: dict(rows(connection, COUNT_BY_STATUS)))

    async def class_names(self) -> Sequence[str]:
        return await self._connection.read(lambda connection: column(connection, CLASS_NAMES))


def select_tasks(connection: apsw.Connection, ids: Sequence[str]) -> list[Task]:
    """The tasks that exist, in the order asked for."""
    if not ids:
        return []
    found = rows(connection, FIND_BY_ID, (orjson.dumps(ids).decode(),))
    return [task_of(row[1:]) for row in sorted(found, key=lambda row: row[0])]


_: type[TaskCatalog] = SqliteTaskCatalog
