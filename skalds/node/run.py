"""One run on this node: the task's row as last known, and what happened here since."""

from dataclasses import dataclass
from typing import Any

from skalds.model.task import Progress, RunError, Task, TaskLifecycleStatus
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import Reported, RunKey, RunOutcome

_ACTIVE = frozenset({TaskLifecycleStatus.RUNNING.value, TaskLifecycleStatus.PAUSED.value})
_NOTHING = object()


@dataclass(slots=True)
class Run:
    """Facts about one run. `stopping` says why this node ends it: the row says so, or the node is closing down."""

    task: Task
    launched: bool = False
    started: int | None = None
    reported: Reported | None = None
    exit_status: int | None = None
    progress: Progress | None = None
    checkpoint: Any = _NOTHING
    suspended: bool = False
    draining: bool = False
    taken_away: bool = False
    terminated_at: float | None = None
    killed: bool = False

    @property
    def key(self) -> RunKey:
        return RunKey(self.task.id, self.task.attempt)

    @property
    def is_gone(self) -> bool:
        return self.exit_status is not None

    @property
    def must_stop(self) -> bool:
        """Whether the process has no business any more: cancelled, requeued, taken away, or the node closes down."""
        return self.taken_away or self.draining or self.task.lifecycle_status not in _ACTIVE

    def next_version(self, now: int, jitter: float) -> Task | None:
        """The row as it should be stored next, or None when it tells everything already.

        `now` is wall ms, `jitter` a random number from [0, 1) for the delay of a retry.
        """
        if self.taken_away or not self.launched:
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
        if reported is not None and reported.outcome is RunOutcome.FINISHED:
            return lifecycle.finish(task, now, result=reported.result, started=self.started, ended=reported.at)
        if reported is not None and reported.outcome is RunOutcome.FAILED and not self.draining:
            error = reported.error or RunError(type="Unknown", message="the run failed without saying why")
            return lifecycle.fail(task, now, error=error, started=self.started, ended=reported.at, jitter=jitter)
        if not self.is_gone:
            return None
        if self.draining:
            return lifecycle.hand_back(task, now)
        if reported is not None:
            # Somebody else stopped it; that is no verdict on the task.
            return lifecycle.lose(task, now)
        return lifecycle.fail(
            task, now, error=_silent_exit(self.exit_status or 0), started=self.started, ended=now, jitter=jitter
        )

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
