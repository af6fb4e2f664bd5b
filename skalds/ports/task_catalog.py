"""Reading tasks."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from skalds.model.task import Task
from skalds.model.task_query import TaskPage, TaskQuery


class TaskCatalog(Protocol):
    """Looks tasks up. A reading that failed raises; it never looks like an empty one."""

    async def get(self, task_id: str) -> Task | None:
        """The task as stored (`waiting` not filled in), or None if there is none of that id."""
        ...

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        """The tasks that exist, in the order asked for."""
        ...

    async def find(self, query: TaskQuery) -> TaskPage:
        """One page of the tasks that match every filter."""
        ...

    async def count_by_status(self) -> Mapping[str, int]:
        """How many tasks have each status; absent statuses are left out."""
        ...

    async def class_names(self) -> Sequence[str]:
        """Distinct class names of all tasks, sorted."""
        ...
