"""Reading tasks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nlargest

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.task import Task
from skalds.model.task_query import EXACT_TOTAL_LIMIT, TaskPage, TaskQuery
from skalds.ports.task_catalog import TaskCatalog


class MemoryTaskCatalog:
    """`TaskCatalog` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def get(self, task_id: str) -> Task | None:
        return self._store.rows.get(task_id)

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return [task for id_ in task_ids if (task := self._store.rows.get(id_)) is not None]

    async def find(self, query: TaskQuery) -> TaskPage:
        matching = [task for task in self._store.rows.values() if _matches(task, query)]
        end = query.page * query.page_size
        newest = nlargest(end, matching, key=lambda task: (task.create_date_time, task.id))
        return TaskPage(
            items=newest[end - query.page_size :],
            total=min(len(matching), EXACT_TOTAL_LIMIT),
            total_is_exact=len(matching) <= EXACT_TOTAL_LIMIT,
        )

    async def count_by_status(self) -> Mapping[str, int]:
        return Counter(str(task.lifecycle_status) for task in self._store.rows.values())

    async def class_names(self) -> Sequence[str]:
        return sorted({task.class_name for task in self._store.rows.values()})


def _matches(task: Task, query: TaskQuery) -> bool:
    return (
        (query.status is None or task.lifecycle_status == query.status)
        and (query.class_name is None or task.class_name == query.class_name)
        and (query.executor is None or task.executor == query.executor)
        and (query.id_part is None or _folded(query.id_part) in _folded(task.id))
    )


def _folded(text: str) -> bytes:
    """Lower case of ASCII letters only, which is what every engine can compare."""
    return text.encode().lower()


_: type[TaskCatalog] = MemoryTaskCatalog
