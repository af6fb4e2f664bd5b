"""One run on this node: the task's row as last known, and what happened here since."""

from dataclasses import dataclass
from typing import Any

from skalds.model.task import Progress, RunError, Task, TaskLifecycleStatus
from skalds.node.capacity import Share
from skalds.node.time_limit import TimeLimit
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import Reported, RunKey, RunOutcome

_ACTIVE = frozenset({TaskLifecycleStatus.RUNNING.value, TaskLifecycleStatus.PAUSED.value})
_NOTHING = object()


@dataclass(slots=True)
class Run:
    """Facts about one run.

    `share` is what it takes of the node; `excused`: it had to leave when it reported, so that a failure is no verdict;
    `timed_out`: it reached its limit before it ended.
    """

    task: Task
    share: Share
    limit: TimeLimit
    started: int | None = None
    reported: Reported | None = None
    excused: bool = False
    exit_status: int | None = None
    progress: Progress | None = None
    checkpoint: Any = _NOTHING
    suspended: bool = False
    draining: bool = False
    taken_away: bool = False
    timed_out: bool = False
    terminated_at: float | None = None
    killed: bool = False

    @property
    def key(self) -> RunKey:
        return RunKey(self.task.id, self.task.attempt)

    @property
    def is_gone(self) -> bool:
        return self.exit_status is not None

    @property
    def must_leave(self) -> bool:
        """Whether the run goes back to the queue: the node closes down, or the row asks this run to leave."""
        assignment = self.task.assignment
        return self.draining or (assignment is not None and assignment.leave_for is not None)

    @property
    def must_stop(self) -> bool:
        """Whether the process has no business any more: cancelled, requeued, taken away, over its limit, or leaving."""
        return self.taken_away or self.timed_out or self.must_leave or self.task.lifecycle_status not in _ACTIVE

    def hear_report(self, report: Reported) -> None:
        """Takes in how the run says it ended."""
        self.reported, self.excused = report, self.must_leave

    def check_limit(self, now: float) -> None:
        """Notes that the limit is reached (`now` in monotonic s), unless the run ends for another reason already."""
        ends_at = self.limit.ends_at
        has_ended = self.is_gone or self.reported is not None
        if ends_at is not None and ends_at <= now and not has_ended and not self.must_stop:
            self.timed_out = True

    def next_moment(self, grace: float) -> float | None:
        """When (monotonic s) something has to be done about the run if nothing happens: its limit, or the kill."""
        if self.is_gone or self.killed:
            return None
        return self.limit.ends_at if self.terminated_at is None else self.terminated_at + grace

    def next_version(self, now: int, jitter: float) -> Task | None:
        """The row as it should be stored next, or None when it tells everything already.

        `now` is wall ms, `jitter` a random number from [0, 1) for the delay of a retry.
        """
        if self.taken_away:
            return None
        told = self._with_news()
        after = self._outcome(told, now, jitter) or (told.changed(now) if told is not self.task else None)
        if self.is_gone and (after or self.task).holds_slot:
            after = lifecycle.release(after or self.task, now)
        # However many moves were made, it is one write and one revision.
        return after and after.model_copy(update={"rev": self.task.rev + 1})

    def _outcome(self, task: Task, now: int, jitter: float) -> Task | None:
        """The end of the run, as soon as it is known and unless the row has ended otherwise."""
        if task.lifecycle_status not in _ACTIVE:
            return None
        reported = self.reported
        if self.timed_out:
            return self._over_limit(task, now, jitter)
        if reported is not None and reported.outcome is RunOutcome.FINISHED:
            return lifecycle.finish(task, now, result=reported.result, started=self.started, ended=reported.at)
        if reported is not None and reported.outcome is RunOutcome.FAILED and not self.excused:
            error = reported.error or RunError(type="Unknown", message="the run failed without saying why")
            return lifecycle.fail(task, now, error=error, started=self.started, ended=reported.at, jitter=jitter)
        if not self.is_gone:
            return None
        if self.must_leave:
            return lifecycle.hand_back(task, now)
        if reported is not None:
            # Somebody else stopped it; that is no verdict on the task.
            return lifecycle.lose(task, now)
        return lifecycle.fail(
            task, now, error=_silent_exit(self.exit_status or 0), started=self.started, ended=now, jitter=jitter
        )

    def _over_limit(self, task: Task, now: int, jitter: float) -> Task | None:
        # Not before it has answered to the stop or is gone: until then it may still save a checkpoint.
        if self.reported is None and not self.is_gone:
            return None
        error = RunError(type="timeout", message=f"the run had not ended within its limit of {task.timeout_ms} ms")
        return lifecycle.fail(task, now, error=error, started=self.started, ended=now, jitter=jitter)

    def _with_news(self) -> Task:
        """The row with what the run reported on its way, or the row itself if there is nothing new."""
        news: dict[str, Any] = {}
        if self.task.lifecycle_status in _ACTIVE:
            if self.progress is not None and self.progress != self.task.progress:
                news["progress"] = self.progress
            if self.checkpoint is not _NOTHING and self.checkpoint != self.task.checkpoint:
                news["checkpoint"] = self.checkpoint
        return self.task.model_copy(update=news) if news else self.task


def _silent_exit(status: int) -> RunError:
    how = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
    return RunError(type="WorkerExited", message=f"the worker process {how} without reporting an outcome")
