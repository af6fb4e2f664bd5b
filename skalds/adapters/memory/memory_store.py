"""`MemoryStore`: the world that all participants of one process share."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from skalds.adapters.memory.dependencies import Dependencies
from skalds.adapters.memory.lane_table import LaneTable
from skalds.adapters.memory.ready_queue import ReadyQueue
from skalds.adapters.stored_form import stored_form
from skalds.errors import LeaseLost
from skalds.model.lane import lane_key
from skalds.model.lease import LeaseRow
from skalds.model.run_change import RunChange
from skalds.model.task import Task

if TYPE_CHECKING:
    import asyncio

    from skalds.model.audit import AuditEntry
    from skalds.model.node import Beat, Registration
    from skalds.ports.event_bus import BusMessage


class MemoryStore:
    """Everything there is; a method never gives way to others, so each is atomic."""

    def __init__(self, ageing_step_ms: int) -> None:
        self.rows: dict[str, Task] = {}
        self.queue = ReadyQueue(ageing_step_ms)
        self.lanes = LaneTable()
        self.dependencies = Dependencies()
        self.live: dict[str, Task] = {}
        self.deadlines: dict[str, int] = {}
        """Task id → deadline, of all that wait and have one."""

        self.idempotent: dict[tuple[str, str], tuple[str, str]] = {}
        """(tenant, key) → (digest of the submitted fields, task id)."""

        self.registered: dict[str, Registration] = {}
        self.last_session = 0
        self.leaving: set[int] = set()
        """Sessions that take no new work."""

        self.beats: dict[int, Beat] = {}
        self.exited: dict[int, str] = {}
        self.leases: dict[str, LeaseRow] = {}
        self.settings: dict[str, str] = {}
        self.listeners: dict[str, list[asyncio.Queue[BusMessage | None]]] = {}
        self.taps: list[asyncio.Event] = []

        self.audit: deque[AuditEntry] = deque()
        self.last_audit_number = 0

        self._lane_of: dict[str, int] = {}
        self._feed: deque[RunChange] = deque()
        self._forgotten = 0

    def put(self, task: Task, now: int) -> Task:
        """Makes `task` the current version of its row, with everything that follows from it; returns it as stored."""
        before = self.rows.get(task.id)
        stored = stored_form(task, before)
        self.rows[task.id] = stored
        self._leave(stored.id)
        lane = self._enter(stored)
        is_free = self.dependencies.worst_of(stored.id) is None
        ready = stored.is_waiting and is_free and self.queue.add(stored, lane, now)
        self._tell(stored, lane, ready)
        return stored

    def put_claimed(self, tasks: Iterable[Task]) -> None:
        """The same for tasks that leave the queue together."""
        claimed = list(tasks)
        self.queue.take_out(task.id for task in claimed)
        for task in claimed:
            self.rows[task.id] = task
            self._leave(task.id)
            self._tell(task, self._enter(task), ready=False)

    def is_blocked(self, task_id: str) -> bool:
        """Whether a task waits for others."""
        return self.rows[task_id].is_waiting and task_id not in self.queue

    def lane_of(self, task_id: str) -> int:
        """The lane in which a task waits or runs, 0 if it does neither."""
        return self._lane_of.get(task_id, 0)

    def forget(self, task: Task) -> None:
        """Deletes the row of a task that neither waits nor runs."""
        del self.rows[task.id]
        self.dependencies.forget(task.id)
        key = (task.tenant, task.idempotency_key or "")
        if self.idempotent.get(key, ("", ""))[1] == task.id:
            del self.idempotent[key]

    def check_lease(self, lease: LeaseRow) -> None:
        """Raises `LeaseLost` unless this holder's term stands."""
        stored = self.leases.get(lease.duty)
        if stored is None or (stored.holder, stored.term) != (lease.holder, lease.term):
            raise LeaseLost(lease.duty, lease.term)

    @property
    def position(self) -> int:
        """Position of the latest version in the feed."""
        return self._forgotten + len(self._feed)

    def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        """The versions after `position`, or None if some of them are forgotten or `position` is not of this feed."""
        if not self._forgotten <= position <= self.position:
            return None
        start = position - self._forgotten
        return list(islice(self._feed, start, start + limit))

    def trim_feed(self, keep: int) -> None:
        """Forgets all but the latest `keep` versions."""
        while len(self._feed) > keep:
            self._feed.popleft()
            self._forgotten += 1

    def _leave(self, task_id: str) -> None:
        """Takes back what followed from the version before."""
        lane = self._lane_of.pop(task_id, None)
        if lane is None:
            return
        if self.live.pop(task_id, None) is not None:
            self.lanes.live[lane] -= 1
        else:
            self.queue.take_out([task_id])
            self.deadlines.pop(task_id, None)
            self.lanes.waiting[lane] -= 1

    def _enter(self, task: Task) -> int:
        """Counts a task in its lane, if it is in one; returns the number or 0."""
        is_waiting = task.is_waiting
        if not (is_waiting or task.holds_slot):
            return 0
        lane = self._lane_of[task.id] = self.lanes.number(lane_key(task))
        if is_waiting:
            self.lanes.waiting[lane] += 1
            if task.deadline_date_time:
                self.deadlines[task.id] = task.deadline_date_time
        else:
            self.lanes.live[lane] += 1
            self.live[task.id] = task
        return lane

    def _tell(self, task: Task, lane: int, ready: bool) -> None:
        self._feed.append(
            RunChange(
                position=self.position + 1,
                task_id=task.id,
                class_name=task.class_name,
                rev=task.rev,
                status=task.lifecycle_status,
                final=task.final,
                attempt=task.attempt,
                executor=task.executor,
                session=task.assignment.session if task.assignment else 0,
                lane=lane,
                holds_slot=task.holds_slot,
                ready=ready,
            )
        )
