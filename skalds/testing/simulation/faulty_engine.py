"""`FaultyEngine`: the ports of the memory engine as one process reaches them through its connection."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from skalds.adapters.memory.engine import MemoryEngine
from skalds.model.lane import LaneKey
from skalds.model.lease import Duty, LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration
from skalds.model.plan import Assign, WaitReason
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Task
from skalds.model.task_query import TaskPage, TaskQuery
from skalds.ports.clock import Clock
from skalds.ports.dispatch_queue import Claim, Lane
from skalds.ports.engine import Engine
from skalds.ports.event_bus import BusMessage
from skalds.ports.retention import Forgotten
from skalds.testing.simulation.connection import Connection, finish
from skalds.testing.simulation.history import Refused
from skalds.testing.simulation.observed_store import ObservedStore


class FaultyEngine:
    """One process's access to the observed store; `kill` is what the kernel does when the process dies."""

    def __init__(self, store: ObservedStore, clock: Clock, connection: Connection) -> None:
        inner = MemoryEngine(store, clock)
        self._inner = inner
        self._connection = connection
        self._store = store
        self.intake = _Intake(inner, connection)
        self.queue = _Queue(inner, connection)
        self.ledger = _Ledger(inner, connection, store)
        self.catalog = _Catalog(inner, connection)
        self.directory = _Directory(inner, connection, store)
        self.leases = _Leases(inner, connection)
        self.bus = _Bus(inner, connection, store)
        self.wakeup = _Wakeup(inner, connection)
        self.settings = _Settings(inner, connection)
        self.retention = _Retention(inner, connection)

    async def checkpoint(self) -> None:
        await self._connection.read("checkpoint", self._inner.checkpoint())

    async def close(self) -> None:
        self.kill()

    def kill(self) -> None:
        """Ends hearing and presence at once, without a call."""
        self.directory.killed = True
        self.bus.hang_up()
        self._inner.wakeup.close()
        self._inner.directory.exit()
        self._store.note_exits()


class _Intake:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.intake
        self._connection = connection

    async def submit(self, tasks: Sequence[Task]) -> Sequence[Task]:
        return await self._connection.write("submit", self._inner.submit(tasks))


class _Queue:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.queue
        self._connection = connection

    async def ripen(self, now: int) -> int | None:
        return await self._connection.read("ripen", self._inner.ripen(now))

    async def lanes(self) -> Sequence[Lane]:
        return await self._connection.read("lanes", self._inner.lanes())

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        return await self._connection.read("heads", self._inner.heads(limits))

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        return await self._connection.write("claim", self._inner.claim(claims, lease), lease)

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        return await self._connection.read("claimed", self._inner.claimed(claim_ids))

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        await self._connection.write("note_reasons", self._inner.note_reasons(reasons))

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        return await self._connection.read("reasons", self._inner.reasons(keys))

    async def ready_count(self) -> int:
        return await self._connection.read("ready_count", self._inner.ready_count())


class _Ledger:
    def __init__(self, inner: MemoryEngine, connection: Connection, store: ObservedStore) -> None:
        self._inner = inner.ledger
        self._connection = connection
        self._store = store

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        return await self._connection.write("write", self._write(changes, durable, lease), lease)

    async def _write(self, changes: Sequence[Change], durable: bool, lease: LeaseRow | None) -> Sequence[bool]:
        written = await self._inner.write(changes, durable=durable, lease=lease)
        for change, done in zip(changes, written, strict=True):
            if not done:
                self._store.history.note(Refused(change, self._store.author))
        return written

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        return await self._connection.read("runs_of", self._inner.runs_of(node_id, session))

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        return await self._connection.read("live_runs", self._inner.live_runs())

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return await self._connection.read("changes_since", self._inner.changes_since(position, limit))

    async def trim_feed(self, keep: int) -> None:
        await self._connection.write("trim_feed", self._inner.trim_feed(keep))


class _Catalog:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.catalog
        self._connection = connection

    async def get(self, task_id: str) -> Task | None:
        return await self._connection.read("get", self._inner.get(task_id))

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return await self._connection.read("get_many", self._inner.get_many(task_ids))

    async def find(self, query: TaskQuery) -> TaskPage:
        return await self._connection.read("find", self._inner.find(query))

    async def count_by_status(self) -> Mapping[str, int]:
        return await self._connection.read("count_by_status", self._inner.count_by_status())

    async def class_names(self) -> Sequence[str]:
        return await self._connection.read("class_names", self._inner.class_names())


class _Directory:
    def __init__(self, inner: MemoryEngine, connection: Connection, store: ObservedStore) -> None:
        self._store = store
        self.killed = False
        self._inner = inner.directory
        self._connection = connection
        self._latest: Sequence[Presence] = ()

    async def register(self, node: Node, now: int) -> int:
        return await self._connection.write("register", self._register(node, now))

    async def _register(self, node: Node, now: int) -> int:
        session = await self._inner.register(node, now)
        if self.killed:
            self._inner.exit()
            self._store.note_exits()
        return session

    async def leave(self, node_id: str, session: int) -> bool:
        return await self._connection.write("leave", self._inner.leave(node_id, session))

    async def registrations(self) -> Sequence[Registration]:
        return await self._connection.read("registrations", self._inner.registrations())

    async def beat(self, beat: Beat) -> None:
        weather = self._connection.weather
        if weather.rng.random() >= weather.lost_beats:
            self._connection.later(self._deliver, beat)

    def _deliver(self, beat: Beat) -> None:
        # A hint crosses the same cable as a call: what the sender is cut off from does not hear it.
        if self._connection.cut is None and not self.killed:
            finish(self._inner.beat(beat))

    async def presences(self) -> Sequence[Presence]:
        """The port allows a late picture: now and then this one is that of the time before."""
        before = self._latest
        self._latest = await self._connection.read("presences", self._inner.presences())
        weather = self._connection.weather
        return before if before and weather.rng.random() < weather.stale_beats else self._latest

    async def registration_of(self, node_id: str) -> Registration | None:
        return await self._connection.read("registration_of", self._inner.registration_of(node_id))


class _Leases:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.leases
        self._connection = connection

    async def read(self, duty: Duty) -> LeaseRow | None:
        return await self._connection.read("lease.read", self._inner.read(duty))

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        return await self._connection.write("lease.take", self._inner.take(duty, holder, seen, expires))

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        return await self._connection.write("lease.renew", self._inner.renew(lease, expires))

    async def resign(self, lease: LeaseRow) -> None:
        await self._connection.write("lease.resign", self._inner.resign(lease))


class _Bus:
    def __init__(self, inner: MemoryEngine, connection: Connection, store: ObservedStore) -> None:
        self._inner = inner.bus
        self._connection = connection
        self._listeners = store.listeners
        self.hang_up: Callable[[], None] = lambda: None
        """What the death of this process does to its inbox."""

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        """Some failures are noticed, others are not; what arrives may come twice, late and in any order."""
        failed = []
        for message in messages:
            copies = self._connection.weather.copies_of_hint() if self._connection.cut is None else 0
            if copies == 0 and self._connection.weather.rng.random() < 0.5:
                failed.append(message)
            for _ in range(copies):
                self._connection.later(self._deliver, message)
        return failed

    def _deliver(self, message: BusMessage) -> None:
        finish(self._inner.announce([message]))

    @asynccontextmanager
    async def listen(self, node_id: str) -> AsyncIterator[AsyncIterator[BusMessage]]:
        async with self._inner.listen(node_id) as messages:
            inboxes = self._listeners[node_id]
            self.hang_up = partial(inboxes.remove, inboxes[-1])
            try:
                yield self._heard(messages)
            finally:
                self.hang_up = lambda: None

    async def _heard(self, messages: AsyncIterator[BusMessage]) -> AsyncIterator[BusMessage]:
        async for message in messages:
            if self._connection.cut is None:
                yield message


class _Wakeup:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.wakeup
        self._connection = connection

    def notify(self) -> None:
        if self._connection.cut is None and not self._connection.weather.loses_hint():
            self._connection.later(self._inner.notify)

    async def wait(self) -> None:
        await self._inner.wait()
        while self._connection.cut is not None:
            await self._inner.wait()


class _Settings:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.settings
        self._connection = connection

    async def read(self) -> Mapping[str, str]:
        return await self._connection.read("settings.read", self._inner.read())

    async def write(self, changes: Mapping[str, str | None]) -> None:
        await self._connection.write("settings.write", self._inner.write(changes))


class _Retention:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.retention
        self._connection = connection

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        forgetting = self._inner.forget_ended(before, keyed_before, limit, lease)
        return await self._connection.write("forget_ended", forgetting, lease)

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        forgetting = self._inner.forget_leftovers(before, lease)
        return await self._connection.write("forget_leftovers", forgetting, lease)


_: type[Engine] = FaultyEngine
