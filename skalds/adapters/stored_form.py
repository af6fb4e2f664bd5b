"""What every engine keeps of a task: plain JSON values that nobody else holds a reference to, and edges to others."""

from enum import IntEnum
from typing import Any

import orjson
from pydantic import BaseModel

from skalds.model.task import Task, TaskLifecycleStatus

_FREE_FIELDS = ("attachments", "result", "checkpoint", "usage", "resources", "requires", "prefers", "dependencies")


def stored_form(task: Task, before: Task | None = None) -> Task:
    """`task` as a later reading returns it; what is the same object as in `before` was made plain already."""
    update: dict[str, Any] = {
        name: orjson.loads(to_json(value))
        for name in _FREE_FIELDS
        if (value := getattr(task, name)) is not None
        and value != {}
        and (before is None or value is not getattr(before, name))
    }
    if task.waiting is not None:
        update["waiting"] = None
    return task.model_copy(update=update) if update else task


_FINISHED = TaskLifecycleStatus.FINISHED.value


class Edge(IntEnum):
    """What is kept of a dependency until the other task is Finished, in order of how bad it is."""

    OPEN = 0
    FAILED = 1


def edge_to(status: str, final: bool) -> Edge | None:
    """The edge to a task that stands like this; None for a Finished one, which nobody has to wait for."""
    if status == _FINISHED:
        return None
    return Edge.FAILED if final else Edge.OPEN


def to_json(value: Any) -> bytes:
    """A value of a task as JSON; data models of users by their wire names."""
    return orjson.dumps(value, default=_dump_model)


def _dump_model(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} is no JSON value")
