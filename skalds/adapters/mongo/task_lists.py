"""In which lists of tasks one is found: `dispatch.lists`, an array, so that one index gives the pages of all of them.

    open | over         what is not final | what is
    class:<name>        all of a class
    status:<status>     what neither waits as Created nor runs
    executor:<node>     what holds no slot

A claim changes status and executor, and the server would spend on every index entry that it moves as much as on the
rest of the task. So what waits as Created or holds a slot stands in the first two alone: it is found as the few that
`live` has, or by looking through what is open.

Rows that Skalds 0.3.8 wrote have no such array. The index has them under null, and whoever looks into a list looks
there too.
"""

from collections.abc import Sequence

from skalds.adapters.mongo.connection import Document
from skalds.model.task import Task, TaskLifecycleStatus

LISTS = "dispatch.lists"
INDEX = "lists"
OPEN, OVER = "open", "over"

CREATED = TaskLifecycleStatus.CREATED.value
MOVING = [TaskLifecycleStatus.ASSIGNING.value, TaskLifecycleStatus.RUNNING.value]
"""Statuses whose tasks are in a list only while they hold no slot."""

RESTING = [
    TaskLifecycleStatus.PAUSED.value,
    TaskLifecycleStatus.FINISHED.value,
    TaskLifecycleStatus.FAILED.value,
    TaskLifecycleStatus.CANCELLED.value,
]
"""Statuses whose tasks are always in a list."""

UNLISTED: Document = {LISTS: None}
"""What has no array."""

_CLASS, _STATUS, _EXECUTOR = "class:", "status:", "executor:"


def lists_of(task: Task) -> list[str]:
    """The lists that a version of a task is in."""
    lists = [OVER if task.final else OPEN, of_class(task.class_name)]
    status = task.lifecycle_status
    if status in RESTING or (task.final if status == CREATED else not task.holds_slot):
        lists.append(of_status(status))
    if task.executor is not None and not task.holds_slot:
        lists.append(of_executor(task.executor))
    return lists


def of_class(name: str) -> str:
    """The list of a class."""
    return f"{_CLASS}{name}"


def of_status(status: str) -> str:
    """The list of a status."""
    return f"{_STATUS}{status}"


def of_executor(node_id: str) -> str:
    """The list of what is or was on a node."""
    return f"{_EXECUTOR}{node_id}"


def in_any(lists: Sequence[str]) -> Document:
    """Condition of what is in one of these lists, or may be: the other filters have to tell of rows without lists."""
    return {LISTS: {"$in": [*lists, None]}}


WHEN_GIVEN_AWAY: Sequence[object] = [OPEN, {"$concat": [_CLASS, "$className"]}]
"""Expression for the lists of a task that a claim gives away; most are in no others before."""
