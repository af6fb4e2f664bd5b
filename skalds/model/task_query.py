"""What to list of the catalogue, and a page of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from skalds.model.task import Task

EXACT_TOTAL_LIMIT = 10_000
"""Lists count exactly up to here; beyond, the total is a lower bound and marked so."""


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Filters of a task list; `None` does not filter. `id_part` is a part of the id in any case, never a pattern."""

    page: int = 1
    page_size: int = 20
    status: str | None = None
    class_name: str | None = None
    id_part: str | None = None
    executor: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page, newest `create_date_time` first (ties: greatest id first); `total` is exact if `total_is_exact`."""

    items: Sequence[Task]
    total: int
    total_is_exact: bool = True
