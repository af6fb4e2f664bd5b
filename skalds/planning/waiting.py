"""Why a single task is not running, at any time."""

from skalds.model.plan import WaitReason
from skalds.model.task import Task
from skalds.planning.lifecycle import Stage, stage_of


def waiting_reason(task: Task, lane_reason: WaitReason | None, now: int) -> WaitReason | None:
    """The reason to show for `task`, given that of its lane; None if it runs, has ended, or is about to be placed."""
    stage = stage_of(task)
    if stage in (Stage.PAUSED, Stage.PARKED):
        return WaitReason.PAUSED
    if stage not in (Stage.CREATED, Stage.RETRYING):
        return None
    if not task.is_released:
        return WaitReason.STILL_STOPPING
    if task.eligible_at > now:
        return WaitReason.NOT_BEFORE
    return lane_reason
