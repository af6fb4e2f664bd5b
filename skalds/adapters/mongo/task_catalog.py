"""Reading tasks."""

from collections.abc import Mapping, Sequence

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.documents import TASK_FIELDS, task_of
from skalds.adapters.mongo.kept_answer import KeptAnswer
from skalds.adapters.mongo.status_counts import count_statuses
from skalds.adapters.mongo.task_search import search
from skalds.model.task import Task
from skalds.model.task_query import TaskPage, TaskQuery
from skalds.ports.task_catalog import TaskCatalog

ANY_NAME = {"className": {"$gte": ""}}
"""Said because the index has whole documents otherwise, and is then of no use."""


class MongoTaskCatalog:
    """`TaskCatalog` on MongoDB; the counts by status may be a few seconds old when there are very many tasks."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._counts = KeptAnswer(lambda: count_statuses(store))

    async def get(self, task_id: str) -> Task | None:
        with self._store.reading():
            document = await self._store.tasks.find_one({"id": {"$eq": task_id}}, TASK_FIELDS)
        return None if document is None else task_of(document)

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        if not task_ids:
            return []
        with self._store.reading():
            found = await self._store.tasks.find({"id": {"$in": [*task_ids]}}, TASK_FIELDS).to_list()
        tasks = {document["id"]: task_of(document) for document in found}
        return [tasks[id_] for id_ in task_ids if id_ in tasks]

    async def find(self, query: TaskQuery) -> TaskPage:
        return await search(self._store, query)

    async def count_by_status(self) -> Mapping[str, int]:
        return await self._counts.get()

    async def class_names(self) -> Sequence[str]:
        with self._store.reading():
            return sorted(await self._store.tasks.distinct("className", ANY_NAME))


_: type[TaskCatalog] = MongoTaskCatalog
