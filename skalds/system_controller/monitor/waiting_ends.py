"""Ends the waiting of tasks that must not start any more: past their deadline, or depending on one that failed."""

from collections.abc import Mapping, Sequence
from itertools import chain

from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change, RunChange
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.runtime.log_setup import log_event
from skalds.system_controller.leadership import Leadership

_BATCH = 100
_FORSAKING = frozenset({TaskLifecycleStatus.FAILED.value, TaskLifecycleStatus.CANCELLED.value})


class WaitingEnds:
    """The duty "monitor": fails such tasks, a batch at a time, until none is left."""

    def __init__(self, leadership: Leadership, engine: Engine, clock: Clock) -> None:
        self._leadership = leadership
        self._engine = engine
        self._clock = clock

    async def run_once(self) -> None:
        """One round, if and as long as this controller holds the duty."""
        try:
            await self._end_all()
        except LeaseLost as error:
            log_event("WARNING", "waiting_ends.lease_lost", term=error.term)

    @staticmethod
    def concerns(changes: Sequence[RunChange]) -> bool:
        """Whether what the feed tells may forsake a task."""
        return any(change.final and change.status in _FORSAKING for change in changes)

    async def _end_all(self) -> None:
        while (lease := self._leadership.lease) is not None and await self._end_overdue(lease):
            pass
        # A task that is ended here may forsake others in its turn, so this goes on level by level.
        while (lease := self._leadership.lease) is not None and await self._end_forsaken(lease):
            pass

    async def _end_overdue(self, lease: LeaseRow) -> int:
        now = self._clock.wall_ms()
        tasks = await self._engine.ledger.overdue(now, _BATCH)
        return await self._write(
            [Change(task, lifecycle.miss_deadline(task, now)) for task in tasks], lease, "deadline"
        )

    async def _end_forsaken(self, lease: LeaseRow) -> int:
        now = self._clock.wall_ms()
        tasks = await self._engine.ledger.forsaken(_BATCH)
        parents = {id_ for task in tasks for id_ in task.dependencies or ()}
        known = {parent.id: parent for parent in await self._engine.catalog.get_many(sorted(parents))}
        changes = [
            Change(task, lifecycle.forsake(task, now, parent))
            for task in tasks
            if (parent := _forsaking(task, known)) is not None
        ]
        return await self._write(changes, lease, "dependency")

    async def _write(self, changes: Sequence[Change], lease: LeaseRow, reason: str) -> int:
        """Commits the ends; returns how many were still due."""
        if not changes:
            return 0
        written = await self._engine.ledger.write(changes, durable=True, lease=lease)
        for change, done in zip(changes, written, strict=True):
            if done:
                log_event("WARNING", "task.failed", task=change.before.id, attempt=change.before.attempt, reason=reason)
        self._engine.wakeup.notify()
        return sum(written)


def _forsaking(task: Task, known: Mapping[str, Task]) -> str | None:
    """The parent for which a forsaken task waits in vain; None if that one was requeued just now."""
    parents = task.dependencies or ()
    failed = (id_ for id_ in parents if id_ in known and _forsakes(known[id_]))
    # It may have been forgotten while the task was parked or over, and then this is all that is left of it.
    gone = (id_ for id_ in parents if id_ not in known)
    return next(chain(failed, gone), None)


def _forsakes(parent: Task) -> bool:
    return parent.final and parent.lifecycle_status in _FORSAKING
