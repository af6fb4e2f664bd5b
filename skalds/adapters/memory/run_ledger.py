"""Conditional writes and the feed."""

from collections.abc import Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.run_ledger import RunLedger


class MemoryRunLedger:
    """`RunLedger` in memory; everything lasts as long as the process, so `durable` changes nothing."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        if lease is not None:
            self._store.check_lease(lease)
        now = self._clock.wall_ms()
        return [self._write_one(change, now) for change in changes]

    def _write_one(self, change: Change, now: int) -> bool:
        stored = self._store.rows.get(change.before.id)
        if stored is None or stored.rev != change.before.rev:
            return False
        self._store.put(change.after, now)
        return True

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        return [
            task
            for task in self._store.live.values()
            if task.assignment and (task.executor, task.assignment.session) == (node_id, session)
        ]

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        return [_live_run(task) for task in self._store.live.values()], self._store.position

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return self._store.changes_since(position, limit)

    async def trim_feed(self, keep: int) -> None:
        self._store.trim_feed(keep)


def _live_run(task: Task) -> LiveRun:
    return LiveRun(
        task_id=task.id,
        attempt=task.attempt,
        status=task.lifecycle_status,
        node_id=task.executor or "",
        session=task.assignment.session if task.assignment else 0,
        slots=task.slots,
    )


_: type[RunLedger] = MemoryRunLedger
