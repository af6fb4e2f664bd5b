"""Why a single task is not running, at any time."""

from skalds.model.plan import WaitReason
from skalds.model.task import Task
from skalds.planning.lifecycle import Stage, stage_of


def waiting_reason(
    task: Task, lane_reason: WaitReason | None, now: int, *, blocked: bool = False, paused: bool = False
) -> WaitReason | None:
    """The reason to show for `task`; None if it runs, has ended, or is about to be placed.

    `lane_reason` is that of its lane, `blocked` says that something it depends on is not Finished, `paused` that all
    dispatching is.
    """
    own = own_reason(task, now, blocked=blocked)
    if own is not None or not task.is_waiting:
        return own
    return WaitReason.DISPATCH_PAUSED if paused else lane_reason


def own_reason(task: Task, now: int, *, blocked: bool) -> WaitReason | None:
    """The reason that lies in the task itself, whatever the nodes do."""
    stage = stage_of(task)
    if stage in (Stage.PAUSED, Stage.PARKED):
        return WaitReason.PAUSED
    if stage not in (Stage.CREATED, Stage.RETRYING):
        return None
    if not task.is_released:
        return WaitReason.STILL_STOPPING
    if blocked:
        return WaitReason.DEPENDENCY
    return WaitReason.NOT_BEFORE if task.eligible_at > now else None
