"""The calls about tasks."""

from collections.abc import Mapping, Sequence
from typing import Any, overload

from skalds.client.listing import TaskListing, read_listing, read_task
from skalds.client.task_requests import TaskRequests
from skalds.model.task import Task

Draft = Task | Mapping[str, Any]
"""A task to submit: a `Task`, or its JSON form as a mapping."""


class TaskCalls:
    """Submits tasks, reads them, waits for them and steers them."""

    def __init__(self, requests: TaskRequests) -> None:
        self._tasks = requests

    @overload
    async def submit(self, work: Draft) -> Task: ...
    @overload
    async def submit(self, work: Sequence[Draft]) -> Sequence[Task]: ...
    async def submit(self, work: Draft | Sequence[Draft]) -> Task | Sequence[Task]:
        """Submits one task or many and returns them as stored.

        Many go in chunks of up to 500, each all or nothing; an error about a later chunk leaves the earlier ones in.
        """
        if isinstance(work, Task | Mapping):
            return read_task(await self._tasks.submit(work))
        return [read_task(item) for item in await self._tasks.submit_many(work)]

    async def get(self, task_id: str) -> Task:
        """The task of this id."""
        return read_task(await self._tasks.get(task_id))

    async def explain(self, task_id: str) -> Mapping[str, Any]:
        """Why the task is not running, node by node, and the smallest change that would start it: the API's JSON."""
        return await self._tasks.explain(task_id)

    async def list(
        self,
        *,
        status: str | None = None,
        class_name: str | None = None,
        executor: str | None = None,
        id_part: str | None = None,
        page: int = 1,
        page_size: int = 20,
    ) -> TaskListing:
        """One page of the tasks that match every filter, newest first."""
        return read_listing(
            await self._tasks.list(
                status=status,
                class_name=class_name,
                executor=executor,
                id_part=id_part,
                page=page,
                page_size=page_size,
            )
        )

    async def wait(self, task_ids: Sequence[str], timeout: float | None = None) -> Sequence[Task]:
        """The tasks once all are final, in the order asked for; raises `TimeoutError` after `timeout` seconds."""
        return [read_task(task) for task in await self._tasks.wait(task_ids, timeout)]

    async def cancel(self, task_id: str) -> Task:
        """Ends the task for good and stops its run."""
        return await self._command(task_id, "cancel")

    async def pause(self, task_id: str) -> Task:
        """Keeps a waiting task from starting, or suspends a running one."""
        return await self._command(task_id, "pause")

    async def resume(self, task_id: str) -> Task:
        """Lets a paused task go on."""
        return await self._command(task_id, "resume")

    async def requeue(self, task_id: str) -> Task:
        """Runs a task that ended once more."""
        return await self._command(task_id, "requeue")

    async def _command(self, task_id: str, command: str) -> Task:
        return read_task(await self._tasks.command(task_id, command))
