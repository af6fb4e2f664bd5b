"""Reads tasks and says of each why it is not running."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from skalds.errors import NotFound
from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.model.task_query import TaskQuery
from skalds.planning.waiting import waiting_reason
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.system_controller.operations.field_limits import MOST_DEPENDENCIES

MOST_PARENTS_READ = MOST_DEPENDENCIES
"""How many tasks that others depend on are read for one answer: all those of a single task, some of a whole page."""


@dataclass(frozen=True, slots=True)
class TaskListing:
    """A page of tasks with `waiting` filled in; `total` is a lower bound unless `total_is_exact`."""

    items: Sequence[Task]
    total: int
    total_is_exact: bool


async def get_task(engine: Engine, clock: Clock, task_id: str, *, paused: bool = False) -> Task:
    """The task of this id; `paused` says that all dispatching is. Raises `NotFound`."""
    task = await find_task(engine, task_id)
    return (await with_waiting(engine, clock, [task], paused=paused))[0]


async def find_task(engine: Engine, task_id: str) -> Task:
    """The task of this id as stored; raises `NotFound`."""
    task = await engine.catalog.get(task_id)
    if task is None:
        raise NotFound("task", task_id)
    return task


async def list_tasks(engine: Engine, clock: Clock, query: TaskQuery, *, paused: bool = False) -> TaskListing:
    """One page of the tasks that match `query`, newest first."""
    page = await engine.catalog.find(query)
    items = await with_waiting(engine, clock, page.items, paused=paused)
    return TaskListing(items, page.total, page.total_is_exact)


async def list_class_names(engine: Engine) -> Sequence[str]:
    """The class names of all tasks, sorted; a row of another writer may lack one."""
    return [name for name in await engine.catalog.class_names() if name]


async def with_waiting(engine: Engine, clock: Clock, tasks: Sequence[Task], *, paused: bool = False) -> Sequence[Task]:
    """The same tasks with `waiting` filled in; the reasons of their lanes are read once, and so are their parents."""
    waiting = [task for task in tasks if task.is_waiting]
    keys = {task.id: lane_key(task) for task in waiting}
    reasons = await engine.lanes.reasons(list(set(keys.values()))) if keys else {}
    parents = await read_parents(engine, waiting)
    now = clock.wall_ms()
    return [
        _showing(
            task,
            waiting_reason(
                task,
                reasons.get(keys[task.id]) if task.id in keys else None,
                now,
                blocked=bool(open_parents(task, parents)),
                paused=paused,
            ),
        )
        for task in tasks
    ]


def with_own_waiting(tasks: Sequence[Task], now: int, *, paused: bool = False) -> Sequence[Task]:
    """The same as far as the tasks themselves tell, without reading anything: for those just submitted."""
    known = {task.id: task for task in tasks}
    return [
        _showing(task, waiting_reason(task, None, now, blocked=bool(open_parents(task, known)), paused=paused))
        for task in tasks
    ]


async def read_parents(engine: Engine, tasks: Sequence[Task]) -> Mapping[str, Task]:
    """The tasks that these depend on, by id, read at once; those of a page that names very many are not all read.

    What is missing says nothing: never is a task called blocked by one that nobody has seen.
    """
    # By turns, so that a task with many leaves something to the others.
    turns = zip_longest(*(task.dependencies or () for task in tasks))
    wanted = dict.fromkeys(task_id for turn in turns for task_id in turn if task_id is not None)
    found = await engine.catalog.get_many(list(islice(wanted, MOST_PARENTS_READ))) if wanted else []
    return {parent.id: parent for parent in found}


def open_parents(task: Task, known: Mapping[str, Task]) -> Sequence[Task]:
    """The tasks it depends on that are not Finished, in its order, among those `known`.

    One that is gone had ended, and would have taken this task with it had it not Finished.
    """
    found = [known[task_id] for task_id in task.dependencies or () if task_id in known]
    return [parent for parent in found if parent.lifecycle_status != TaskLifecycleStatus.FINISHED.value]


def _showing(task: Task, reason: WaitReason | None) -> Task:
    return task.model_copy(update={"waiting": reason.value}) if reason else task
