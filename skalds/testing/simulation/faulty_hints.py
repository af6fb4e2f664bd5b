"""Presence, bus and taps of a simulated process: hints, which may be lost, late, repeated or stale."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from skalds.adapters.memory.engine import MemoryEngine
from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration
from skalds.ports.event_bus import BusMessage
from skalds.testing.simulation.connection import Connection, finish
from skalds.testing.simulation.observed_store import ObservedStore


class FaultyDirectory:
    """`NodeDirectory` whose beats may be lost or seen late; a killed process registers dead sessions only."""

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

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        return await self._connection.write("leave", self._inner.leave(node_id, session, lease))

    async def begin_leaving(self, node_id: str, session: int) -> None:
        await self._connection.write("begin_leaving", self._inner.begin_leaving(node_id, session))

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


class FaultyBus:
    """`EventBus` whose messages may be lost, late, repeated and out of order."""

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


class FaultyWakeup:
    """`Wakeup` whose taps may be lost."""

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
