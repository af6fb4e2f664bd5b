"""Reads tasks and says of each why it is not running."""

from collections.abc import Sequence
from dataclasses import dataclass

from skalds.errors import NotFound
from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.model.task import Task
from skalds.model.task_query import TaskQuery
from skalds.planning.waiting import waiting_reason
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine


@dataclass(frozen=True, slots=True)
class TaskListing:
    """A page of tasks with `waiting` filled in; `total` is a lower bound unless `total_is_exact`."""

    items: Sequence[Task]
    total: int
    total_is_exact: bool


async def get_task(engine: Engine, clock: Clock, task_id: str) -> Task:
    """The task of this id; raises `NotFound`."""
    task = await engine.catalog.get(task_id)
    if task is None:
        raise NotFound("task", task_id)
    return (await with_waiting(engine, clock, [task]))[0]


async def list_tasks(engine: Engine, clock: Clock, query: TaskQuery) -> TaskListing:
    """One page of the tasks that match `query`, newest first."""
    page = await engine.catalog.find(query)
    return TaskListing(await with_waiting(engine, clock, page.items), page.total, page.total_is_exact)


async def list_class_names(engine: Engine) -> Sequence[str]:
    """The class names of all tasks, sorted; a row of another writer may lack one."""
    return [name for name in await engine.catalog.class_names() if name]


async def with_waiting(engine: Engine, clock: Clock, tasks: Sequence[Task]) -> Sequence[Task]:
    """The same tasks with `waiting` filled in; the reasons of their lanes are read once."""
    keys = {task.id: lane_key(task) for task in tasks if task.is_waiting}
    reasons = await engine.queue.reasons(list(set(keys.values()))) if keys else {}
    now = clock.wall_ms()
    return [
        _showing(task, waiting_reason(task, reasons.get(keys[task.id]) if task.id in keys else None, now))
        for task in tasks
    ]


def with_own_waiting(tasks: Sequence[Task], now: int) -> Sequence[Task]:
    """The same as far as the tasks themselves tell, without reading anything: for those just submitted."""
    return [_showing(task, waiting_reason(task, None, now)) for task in tasks]


def _showing(task: Task, reason: WaitReason | None) -> Task:
    return task.model_copy(update={"waiting": reason.value}) if reason else task
