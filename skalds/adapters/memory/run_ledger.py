"""Conditional writes and the feed."""

from collections.abc import Sequence
from heapq import nsmallest
from itertools import islice

from skalds.adapters.memory.audit_log import add_entry
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.stored_form import Edge, edge_to
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
        outcome = [self._write_one(change, now) for change in changes]
        self._settle([change for change, done in zip(changes, outcome, strict=True) if done], now)
        return outcome

    def _write_one(self, change: Change, now: int) -> bool:
        stored = self._store.rows.get(change.before.id)
        if stored is None or stored.rev != change.before.rev:
            return False
        self._store.put(change.after, now)
        if change.audited is not None:
            add_entry(self._store, change.audited)
        return True

    def _settle(self, written: Sequence[Change], now: int) -> None:
        """Lets dependants follow; those that wait for nothing any more are ready, or their timers run."""
        moved = {change.before.id for change in written if _edge_to(change.before) != _edge_to(change.after)}
        freed = self._store.dependencies.settle({id_: _edge_to(self._store.rows[id_]) for id_ in moved})
        for task in [self._store.rows[id_] for id_ in freed if self._store.is_blocked(id_)]:
            self._store.put(task.changed(now, eligible_at=max(task.eligible_at, now)), now)

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        return [
            task
            for task in self._store.live.values()
            if task.assignment and (task.executor, task.assignment.session) == (node_id, session)
        ]

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        runs = [_live_run(task, self._store.lane_of(task.id)) for task in self._store.live.values()]
        return runs, self._store.position

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return self._store.changes_since(position, limit)

    async def overdue(self, now: int, limit: int) -> Sequence[Task]:
        due = [(deadline, id_) for id_, deadline in self._store.deadlines.items() if deadline <= now]
        return [self._store.rows[id_] for _, id_ in nsmallest(limit, due)]

    async def forsaken(self, limit: int) -> Sequence[Task]:
        found = (self._store.rows[id_] for id_ in self._store.dependencies.with_failed())
        return list(islice((task for task in found if task.is_waiting), limit))

    async def trim_feed(self, keep: int) -> None:
        self._store.trim_feed(keep)


def _edge_to(task: Task) -> Edge | None:
    return edge_to(task.lifecycle_status, task.final)


def _live_run(task: Task, lane: int) -> LiveRun:
    return LiveRun(
        task_id=task.id,
        attempt=task.attempt,
        status=task.lifecycle_status,
        node_id=task.executor or "",
        session=task.assignment.session if task.assignment else 0,
        lane=lane,
    )


_: type[RunLedger] = MemoryRunLedger
