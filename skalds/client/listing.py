"""Tasks as the API answers them, and back to tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skalds.model.task import Task


@dataclass(frozen=True, slots=True)
class TaskListing:
    """One page of tasks, newest first; `total` is a lower bound unless `total_is_exact`."""

    items: Sequence[Task]
    total: int
    total_is_exact: bool
    page: int
    page_size: int


def read_task(answer: Mapping[str, Any]) -> Task:
    """The task that a `TaskResponse` tells of; there `error` is kept free and the error of the run is `errorDetail`."""
    return Task.model_validate({**answer, "error": answer.get("errorDetail")})


def read_listing(answer: Mapping[str, Any]) -> TaskListing:
    """The page that a `TaskList` tells of."""
    return TaskListing(
        items=[read_task(item) for item in answer["items"]],
        total=answer["total"],
        total_is_exact=answer["totalIsExact"],
        page=answer["page"],
        page_size=answer["pageSize"],
    )
