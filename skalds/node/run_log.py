"""What a node logs of the changes it wrote."""

from skalds.model.run_change import Change
from skalds.model.task import TaskLifecycleStatus
from skalds.runtime.log_setup import log_event

_CREATED = TaskLifecycleStatus.CREATED.value
_RUNNING = TaskLifecycleStatus.RUNNING.value
_FAILED = TaskLifecycleStatus.FAILED.value


def log_change(change: Change) -> None:
    """One line for each run that was accepted, was refused, ended or goes back to the queue."""
    before, after = change.before, change.after
    if after.lifecycle_status == before.lifecycle_status:
        return
    about = {"task": after.id, "node": before.executor, "attempt": after.attempt}
    if after.lifecycle_status == _RUNNING:
        log_event("DEBUG", "task.accepted", **about)
    elif after.lifecycle_status == _CREATED and after.refusals > before.refusals:
        log_event("INFO", "task.refused", **about, reason="no room here, an unknown class, or the node is leaving")
    elif after.lifecycle_status == _CREATED:
        log_event("INFO", "task.requeued", **about, reason=_why_given_back(change))
    elif after.lifecycle_status == _FAILED and after.error is not None:
        reason = f"{after.error.type}: {after.error.message}"
        log_event("WARNING", "task.failed", **about, final=after.final, reason=reason)
    else:
        log_event("DEBUG", "task.ended", **about, status=after.lifecycle_status)


def _why_given_back(change: Change) -> str:
    before = change.before
    if change.after.losses > before.losses:
        return "its process was lost"
    leave_for = before.assignment and before.assignment.leave_for
    return f"asked to leave for {leave_for}" if leave_for else "the node is leaving"
