"""`MemoryStore`: the world that all participants of one process share."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from skalds.adapters.memory.ready_queue import ReadyQueue
from skalds.adapters.stored_form import stored_form
from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.run_change import RunChange
from skalds.model.task import Task

if TYPE_CHECKING:
    import asyncio

    from skalds.model.node import Beat, Registration
    from skalds.ports.event_bus import BusMessage


class MemoryStore:
    """Rows, queue, feed, nodes, leases, settings; a method never gives way to others, so each is atomic."""

    def __init__(self, ageing_step_ms: int) -> None:
        self.rows: dict[str, Task] = {}
        self.queue = ReadyQueue(ageing_step_ms)
        self.live: dict[str, Task] = {}
        self.idempotent: dict[tuple[str, str], tuple[str, str]] = {}
        """(tenant, key) → (digest of the submitted fields, task id)."""

        self.registered: dict[str, Registration] = {}
        self.last_session = 0
        self.beats: dict[int, Beat] = {}
        self.exited: dict[int, str] = {}
        self.leases: dict[str, LeaseRow] = {}
        self.settings: dict[str, str] = {}
        self.listeners: dict[str, list[asyncio.Queue[BusMessage | None]]] = {}
        self.taps: list[asyncio.Event] = []

        self._feed: deque[RunChange] = deque()
        self._forgotten = 0

    def put(self, task: Task, now: int) -> Task:
        """Makes `task` the current version of its row, with everything that follows from it; returns it as stored."""
        before = self.rows.get(task.id)
        stored = stored_form(task, before)
        self.rows[task.id] = stored
        if before is not None and before.is_waiting:
            self.queue.take_out([task.id])
        ready = stored.is_waiting and self.queue.add(stored, now)
        self._follow(stored, ready)
        return stored

    def put_claimed(self, tasks: Iterable[Task]) -> None:
        """The same for tasks that leave the queue together."""
        claimed = list(tasks)
        self.queue.take_out(task.id for task in claimed)
        for task in claimed:
            self.rows[task.id] = task
            self._follow(task, ready=False)

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

    def _follow(self, task: Task, ready: bool) -> None:
        if task.holds_slot:
            self.live[task.id] = task
        else:
            self.live.pop(task.id, None)
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
                slots=task.slots,
                holds_slot=task.holds_slot,
                ready=ready,
            )
        )
