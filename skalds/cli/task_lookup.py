"""Finds a task by its id or by a part of it that no other task's id has, as the task list shows them."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from skalds.client.json_client import JsonClient
from skalds.errors import Conflict, NotFound

T = TypeVar("T")

_SHORTEST_PART = 4
_UUID_LENGTH = 36
_UUID_HYPHENS = (8, 13, 18, 23)


def short_id(task_id: str) -> str:
    """What tells a task from others at a glance: of an id made by a controller the random end, else all of it."""
    made = len(task_id) == _UUID_LENGTH and all(task_id[place] == "-" for place in _UUID_HYPHENS)
    return task_id[_UUID_HYPHENS[-1] + 1 :] if made else task_id


async def with_task(client: JsonClient, given: str, act: Callable[[str], Awaitable[T]]) -> T:
    """Does `act` with the id; if there is none, with the only id that contains `given`."""
    try:
        return await act(given)
    except NotFound:
        found = await _whole_id(client, given)
        if found is None:
            raise
    return await act(found)


async def find_task(client: JsonClient, given: str) -> dict[str, Any]:
    """The task of this id, or of this part of one."""
    return await with_task(client, given, client.tasks.get)


async def _whole_id(client: JsonClient, part: str) -> str | None:
    if len(part) < _SHORTEST_PART:
        return None
    answer = await client.tasks.list(id_part=part, page_size=2)
    if answer["total"] > 1:
        raise Conflict(f"{answer['total']} tasks have {part!r} in their id; give more of it")
    return next((str(task["id"]) for task in answer["items"]), None)
