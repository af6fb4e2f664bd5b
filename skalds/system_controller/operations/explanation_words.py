"""Why a task waits and what would start it, as English sentences: one row for each wait reason."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from skalds.model.plan import WaitReason
from skalds.model.resources import RESOURCE_NAMES
from skalds.model.task import ModeEnum, Task, TaskLifecycleStatus
from skalds.system_controller.operations.field_limits import shown

_LONGEST_ERROR = 200
_PARENTS_NAMED = 3
_FAILED = TaskLifecycleStatus.FAILED.value


class Waiting(NamedTuple):
    """A waiting task with what belongs to its reason: `permanent`, and the tasks it depends on that are open.

    `kept_for`: the priority for which the free slots are kept, if there are any.
    """

    task: Task
    permanent: bool = False
    parents: Sequence[Task] = ()
    kept_for: int | None = None


def why_it_waits(reason: WaitReason, waiting: Waiting) -> str:
    """One sentence."""
    return _SENTENCES[reason](waiting)


def own_change(reason: WaitReason, waiting: Waiting) -> str:
    """What would start it, where that has nothing to do with nodes and limits."""
    return _OWN_CHANGES[reason](waiting)


def what_it_does(task: Task) -> str:
    """One sentence for a task that does not wait for the dispatcher: where it runs, or how it ended."""
    node = task.executor or (task.runs[-1].node if task.runs else None)
    on_node = f" on node {node!r}" if node else ""
    stopping = "; its processes are still stopping" if task.final and not task.is_released else ""
    if task.mode != ModeEnum.PASSIVE.value and not task.final:
        return f"It is in mode {task.mode}, so the dispatcher leaves it to the node that has it in its own file."
    match task.lifecycle_status:
        case "Assigning":
            return f"It was assigned to node {node!r}, which has not started it yet."
        case "Running":
            return f"It runs{on_node} in attempt {task.attempt}."
        case "Finished":
            return f"It has finished{on_node}{stopping}."
        case "Failed":
            return f"It has failed for good{on_node}{_error(task)}{stopping}."
        case "Cancelled":
            return f"It was cancelled{stopping}."
    return f"It is {task.lifecycle_status}."


def too_late(task: Task) -> str:
    """The sentence for a task that may not be started any more, until the monitor gets to it."""
    return f"Its deadline passed at {_moment(task.deadline_date_time or 0)}, so it is about to be given up."


def _error(task: Task) -> str:
    if task.error is None:
        return ""
    text = " ".join(f"{task.error.type}: {task.error.message}".split())
    text = text if len(text) <= _LONGEST_ERROR else f"{text[: _LONGEST_ERROR - 1]}…"
    return f" with {text if text.isprintable() else ascii(text)}"


def _moment(at: int) -> str:
    try:
        return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{at} ms"


def _labels(waiting: Waiting) -> str:
    return ", ".join(f"{shown(name)}={shown(value)}" for name, value in sorted(waiting.task.requires.items()))


def _resources(waiting: Waiting) -> str:
    asked = ", ".join(name for name in RESOURCE_NAMES if name in waiting.task.resources)
    if waiting.permanent:
        return f"No node that may run it offers as much {asked} as it asks for."
    return f"Every node that may run it has too little {asked} free."


def _slots(waiting: Waiting) -> str:
    task = waiting.task
    if waiting.permanent:
        return f"It takes {task.slots} slots, more than any node that may run it has for priority {task.priority}."
    if waiting.kept_for is not None:
        kept = f"free slots are reserved for priority {waiting.kept_for} and above"
        return f"No node that may run it has room for its priority {task.priority}: {kept}."
    return "Every node that may run it is full."


def _not_before(waiting: Waiting) -> str:
    moment = _moment(waiting.task.eligible_at)
    if waiting.task.lifecycle_status == _FAILED:
        return f"Its last run failed, and it is tried again at {moment}."
    return f"It may not start before {moment}."


def _parents(waiting: Waiting) -> str:
    ended = next((parent for parent in waiting.parents if parent.final), None)
    if ended is not None:
        return f"It depends on {shown(ended.id)!r}, which is {ended.lifecycle_status}, so it is about to be given up."
    named = [f"{shown(parent.id)!r} ({parent.lifecycle_status})" for parent in waiting.parents[:_PARENTS_NAMED]]
    more = len(waiting.parents) - len(named)
    return f"It waits for {', '.join(named)}{f' and {more} more' if more else ''} to finish."


_Words = Callable[[Waiting], str]

_SENTENCES: Mapping[WaitReason, _Words] = {
    WaitReason.NO_NODE_ONLINE: lambda _: "No node is online that takes new work.",
    WaitReason.CLASS_NOT_SUPPORTED: lambda w: f"No node that takes work has the class {w.task.class_name!r}.",
    WaitReason.PINNED: lambda w: (
        f"Only node {w.task.pinned_to!r} may run it, and that one is not there or cannot take it."
    ),
    WaitReason.LABEL_MISMATCH: lambda w: f"No node that knows its class has the labels it requires: {_labels(w)}.",
    WaitReason.RESOURCES: _resources,
    WaitReason.NODE_BREAKER: lambda w: (
        f"The class {w.task.class_name!r} failed at once several times on every node that may run it, and rests there."
    ),
    WaitReason.NO_FREE_SLOT: _slots,
    WaitReason.TENANT_SHARE: lambda w: (
        f"It is the turn of other tenants: {w.task.tenant!r} has at least its share running."
    ),
    WaitReason.TENANT_LIMIT: lambda w: f"Tenant {w.task.tenant!r} has as many tasks running as it may have.",
    WaitReason.KEY_LIMIT: lambda w: (
        f"As many tasks with the concurrency key {w.task.concurrency_key!r} run as may run at once."
    ),
    WaitReason.NOT_BEFORE: _not_before,
    WaitReason.DEPENDENCY: _parents,
    WaitReason.STILL_STOPPING: lambda _: "The processes of its last run have not ended yet.",
    WaitReason.PAUSED: lambda _: "It was paused.",
    WaitReason.DISPATCH_PAUSED: lambda _: "All dispatching is paused.",
    WaitReason.INVALID: lambda _: "The dispatcher could not plan it and has set it aside; its log says why.",
}

_OWN_CHANGES: Mapping[WaitReason, _Words] = {
    WaitReason.NOT_BEFORE: lambda w: f"wait until {_moment(w.task.eligible_at)}",
    WaitReason.DEPENDENCY: lambda w: "wait until all it depends on is Finished",
    WaitReason.STILL_STOPPING: lambda _: "wait until they have ended",
    WaitReason.PAUSED: lambda w: f"resume it: skalds task resume {shlex.quote(w.task.id)}",
    WaitReason.DISPATCH_PAUSED: lambda _: "resume dispatching: skalds dispatcher resume",
    WaitReason.TENANT_SHARE: lambda w: (
        f"wait for its turn, or raise its tenant's weight: skalds tenant set {shlex.quote(w.task.tenant)} --weight N"
    ),
    WaitReason.INVALID: lambda _: "mend what the log of the dispatcher names",
}
