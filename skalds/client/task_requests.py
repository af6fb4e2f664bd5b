"""The requests about tasks, answered with the API's JSON."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from skalds.client.chunks import cut, task_json
from skalds.client.errors_of_answers import shifted
from skalds.errors import NotFound, SkaldsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from skalds.client.connection import Connection
    from skalds.client.task_calls import Draft

_FIRST_DELAY = 0.02
_LONGEST_DELAY = 1.0
_WATCHED = 32

Json = dict[str, Any]


class TaskRequests:
    """Submits tasks, reads them, waits for them and steers them; a task is the API's `TaskResponse`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def submit(self, draft: Draft) -> Json:
        """Submits one task."""
        return dict(await self._connection.post("/api/tasks/", task_json(draft)))

    async def submit_many(self, drafts: Sequence[Draft]) -> Sequence[Json]:
        """Submits tasks in chunks of up to 500, each all or nothing."""
        return [task async for chunk in self.submit_in_chunks(drafts) for task in chunk]

    async def submit_in_chunks(self, drafts: Sequence[Draft]) -> AsyncIterator[Sequence[Json]]:
        """The same, telling of each chunk once it is stored: an error about a later one leaves it in."""
        for chunk in cut(drafts):
            try:
                answer = await self._connection.post("/api/tasks/", chunk.body)
            except SkaldsError as error:
                raise shifted(error, chunk.start) from error
            yield answer["items"]

    async def get(self, task_id: str) -> Json:
        """The task of this id."""
        return dict(await self._connection.get(_path(task_id)))

    async def explain(self, task_id: str) -> Json:
        """Why the task is not running, and the smallest change that would start it."""
        return dict(await self._connection.get(f"{_path(task_id)}/explain"))

    async def list(
        self,
        *,
        status: str | None = None,
        class_name: str | None = None,
        executor: str | None = None,
        id_part: str | None = None,
        page: int = 1,
        page_size: int = 20,
    ) -> Json:
        """One page of the tasks that match every filter, newest first."""
        filters = {"lifecycleStatus": status, "className": class_name, "executor": executor, "id": id_part}
        query: dict[str, str | int] = {"page": page, "pageSize": page_size}
        query |= {name: value for name, value in filters.items() if value is not None}
        return dict(await self._connection.get("/api/tasks/", query))

    async def wait(self, task_ids: Sequence[str], timeout: float | None = None) -> Sequence[Json]:
        """The tasks once all are final, in the order asked for; raises `TimeoutError` after `timeout` seconds."""
        ended: dict[str, Json] = {}
        try:
            async with asyncio.timeout(timeout):
                await self._wait_for(list(dict.fromkeys(task_ids)), ended)
        except TimeoutError:
            left = len(set(task_ids)) - len(ended)
            raise TimeoutError(f"{left} of {len(set(task_ids))} tasks have not ended within {timeout} s") from None
        return [ended[task_id] for task_id in task_ids]

    async def _wait_for(self, pending: Sequence[str], ended: dict[str, Json]) -> None:
        """Looks at the first few of `pending` again and again; all have to end, so the others can wait."""
        delay = _FIRST_DELAY
        while pending:
            looked_at = await asyncio.gather(*(self.get(task_id) for task_id in pending[:_WATCHED]))
            news = {task["id"]: task for task in looked_at if task["final"]}
            ended |= news
            pending = [task_id for task_id in pending if task_id not in ended]
            delay = _FIRST_DELAY if news else min(delay * 1.5, _LONGEST_DELAY)
            # A window that ended as a whole has no reason to wait before the next one.
            if pending and len(news) < len(looked_at):
                await asyncio.sleep(delay)

    async def command(self, task_id: str, command: str) -> Json:
        """Cancels, pauses, resumes or requeues the task."""
        return dict(await self._connection.post(f"{_path(task_id)}/{command}"))


def _path(task_id: str) -> str:
    if task_id in ("", ".", "..", "classnames"):  # would lead to another path
        raise NotFound("task", task_id)
    return f"/api/tasks/{quote(task_id, safe='')}"
