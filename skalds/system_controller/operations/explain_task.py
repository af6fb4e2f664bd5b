"""Says why a task is not running, at any time and for any task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.model.snapshot import ClusterSnapshot
from skalds.model.task import Task
from skalds.planning.explain import Explanation, NodeVerdict, explain_lane
from skalds.planning.waiting import own_reason
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.system_controller.operations.explanation_words import (
    Waiting,
    own_change,
    too_late,
    what_it_does,
    why_it_waits,
)
from skalds.system_controller.operations.read_tasks import find_task, open_parents, read_parents

LOOKED_AT = 100
"""How far into its lane a task is looked for."""

_NEEDS_SOMEBODY = frozenset({WaitReason.PAUSED, WaitReason.DISPATCH_PAUSED, WaitReason.INVALID})
_FOR_WANT_OF_ROOM = frozenset({WaitReason.NO_FREE_SLOT, WaitReason.RESOURCES})


@dataclass(frozen=True, slots=True)
class TaskExplanation:
    """Why a task waits; of one that does not, `text` says what it does instead and `reason` is None.

    `counts` and `nodes` (the closest ones) say who could take it, whatever the reason. `tasks_before` counts
    those that go first in its lane; None where that is not known cheaply.
    """

    task: Task
    text: str
    reason: WaitReason | None = None
    permanent: bool = False
    change: str | None = None
    counts: Mapping[WaitReason, int] = field(default_factory=dict)
    nodes: Sequence[NodeVerdict] = ()
    open_parents: Sequence[Task] = ()
    tasks_before: int | None = None


async def explain_task(
    engine: Engine, snapshot: ClusterSnapshot, clock: Clock, task_id: str, *, paused: bool = False
) -> TaskExplanation:
    """Looks at the task, at what it depends on, at its lane, and at every node of `snapshot`.

    `paused` says that all dispatching is. Raises `NotFound`.
    """
    task = await find_task(engine, task_id)
    now = clock.wall_ms()
    if not task.is_waiting:
        own = own_reason(task, now, blocked=False)
        return TaskExplanation(task, what_it_does(task)) if own is None else _for_itself(own, Waiting(task))
    waiting = Waiting(task, parents=open_parents(task, await read_parents(engine, [task])))
    if task.deadline_date_time and task.deadline_date_time <= now:
        return TaskExplanation(task, too_late(task), open_parents=waiting.parents)
    fleet = explain_lane(snapshot, lane_key(task))
    own = own_reason(task, now, blocked=bool(waiting.parents))
    if own is not None:
        return _for_itself(own, waiting, fleet)
    lane_reason, before = await _standing(engine, task)
    if paused:
        return _for_itself(WaitReason.DISPATCH_PAUSED, waiting, fleet, before)
    if lane_reason is WaitReason.INVALID or (_lacks_only_room(fleet) and lane_reason is WaitReason.TENANT_SHARE):
        return _for_itself(lane_reason, waiting, fleet, before)
    return _for_the_fleet(fleet, waiting, before)


def _lacks_only_room(fleet: Explanation) -> bool:
    return fleet.reason in _FOR_WANT_OF_ROOM and not fleet.permanent


async def _standing(engine: Engine, task: Task) -> tuple[WaitReason | None, int | None]:
    """Why the latest pass could not serve its lane to the end, and how many stand before it there."""
    key = lane_key(task)
    lane = next((lane for lane in await engine.queue.lanes() if lane.key == key), None)
    if lane is None:
        return None, None
    heads = (await engine.queue.heads({lane.id: LOOKED_AT})).get(lane.id, ())
    return lane.reason, next((place for place, head in enumerate(heads) if head.id == task.id), None)


def _for_itself(
    reason: WaitReason, waiting: Waiting, fleet: Explanation | None = None, before: int | None = None
) -> TaskExplanation:
    """A reason that has nothing to do with what nodes offer."""
    return TaskExplanation(
        waiting.task,
        why_it_waits(reason, waiting),
        reason,
        permanent=reason in _NEEDS_SOMEBODY,
        change=own_change(reason, waiting),
        counts=fleet.counts if fleet else {},
        nodes=fleet.nodes if fleet else (),
        open_parents=waiting.parents,
        tasks_before=before,
    )


def _for_the_fleet(fleet: Explanation, waiting: Waiting, before: int | None) -> TaskExplanation:
    """A reason that lies in nodes and limits, or none."""
    permanent = fleet.permanent
    text = (
        "Nothing keeps it: the next pass of the dispatcher can place it."
        if fleet.reason is None
        else why_it_waits(fleet.reason, waiting._replace(permanent=permanent, kept_for=fleet.kept_for))
    )
    return TaskExplanation(
        waiting.task,
        text,
        fleet.reason,
        permanent,
        fleet.change or None,
        fleet.counts,
        fleet.nodes,
        tasks_before=before,
    )
