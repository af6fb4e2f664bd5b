"""The calls about tasks."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, overload
from urllib.parse import quote

from skalds.client.chunks import cut, task_json
from skalds.client.connection import Connection
from skalds.client.errors_of_answers import shifted
from skalds.client.listing import TaskListing, read_listing, read_task
from skalds.errors import NotFound, SkaldsError
from skalds.model.task import Task

_FIRST_DELAY = 0.02
_LONGEST_DELAY = 1.0
_WATCHED = 32

Draft = Task | Mapping[str, Any]
"""A task to submit: a `Task`, or its JSON form as a mapping."""


class TaskCalls:
    """Submits tasks, reads them, waits for them and steers them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @overload
    async def submit(self, work: Draft) -> Task: ...
    @overload
    async def submit(self, work: Sequence[Draft]) -> Sequence[Task]: ...
    async def submit(self, work: Draft | Sequence[Draft]) -> Task | Sequence[Task]:
        """Submits one task or many and returns them as stored.

        Many go in chunks of up to 500, each all or nothing; an error about a later chunk leaves the earlier ones in.
        """
        if isinstance(work, Task | Mapping):
            return read_task(await self._connection.post("/api/tasks/", task_json(work)))
        stored: list[Task] = []
        for chunk in cut(work):
            try:
                answer = await self._connection.post("/api/tasks/", chunk.body)
            except SkaldsError as error:
                raise shifted(error, chunk.start) from error
            stored += [read_task(item) for item in answer["items"]]
        return stored

    async def get(self, task_id: str) -> Task:
        """The task of this id."""
        return read_task(await self._connection.get(_path(task_id)))

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
        filters = {"lifecycleStatus": status, "className": class_name, "executor": executor, "id": id_part}
        query: dict[str, str | int] = {"page": page, "pageSize": page_size}
        query |= {name: value for name, value in filters.items() if value is not None}
        return read_listing(await self._connection.get("/api/tasks/", query))

    async def wait(self, task_ids: Sequence[str], timeout: float | None = None) -> Sequence[Task]:
        """The tasks once all are final, in the order asked for; raises `TimeoutError` after `timeout` seconds."""
        ended: dict[str, Task] = {}
        try:
            async with asyncio.timeout(timeout):
                await self._wait_for(list(dict.fromkeys(task_ids)), ended)
        except TimeoutError:
            left = len(set(task_ids)) - len(ended)
            raise TimeoutError(f"{left} of {len(set(task_ids))} tasks have not ended within {timeout} s") from None
        return [ended[task_id] for task_id in task_ids]

    async def _wait_for(self, pending: Sequence[str], ended: dict[str, Task]) -> None:
        """Looks at the first few of `pending` again and again; all have to end, so the others can wait."""
        delay = _FIRST_DELAY
        while pending:
            looked_at = await asyncio.gather(*(self.get(task_id) for task_id in pending[:_WATCHED]))
            news = {task.id: task for task in looked_at if task.final}
            ended |= news
            pending = [task_id for task_id in pending if task_id not in ended]
            delay = _FIRST_DELAY if news else min(delay * 1.5, _LONGEST_DELAY)
            # A window that ended as a whole has no reason to wait before the next one.
            if pending and len(news) < len(looked_at):
                await asyncio.sleep(delay)

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
        return read_task(await self._connection.post(f"{_path(task_id)}/{command}"))


def _path(task_id: str) -> str:
    if task_id in ("", ".", ".."):  # would lead to another path
        raise NotFound("task", task_id)
    return f"/api/tasks/{quote(task_id, safe='')}"
