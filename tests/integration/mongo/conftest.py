"""The store alone as an engine: MongoDB for what is kept, memory for bus, taps and beats."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Self
from uuid import uuid4

import pytest

from skalds.adapters.memory.event_bus import MemoryEventBus
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.memory.node_directory import MemoryNodeDirectory
from skalds.adapters.memory.wakeup import MemoryWakeup
from skalds.adapters.mongo.ageing import ageing_step, set_ageing_step
from skalds.adapters.mongo.audit_log import MongoAuditLog
from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.dispatch_queue import MongoDispatchQueue
from skalds.adapters.mongo.feed import MongoFeed
from skalds.adapters.mongo.indexes import ensure_indexes
from skalds.adapters.mongo.lane_board import MongoLaneBoard
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.lease_store import MongoLeaseStore
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.mongo.placing import Placer
from skalds.adapters.mongo.registrations import MongoRegistrations
from skalds.adapters.mongo.retention import MongoRetention
from skalds.adapters.mongo.run_ledger import MongoRunLedger
from skalds.adapters.mongo.settings_store import MongoSettingsStore
from skalds.adapters.mongo.task_catalog import MongoTaskCatalog
from skalds.adapters.mongo.task_intake import MongoTaskIntake
from skalds.model.lease import LeaseRow
from skalds.model.node import Node, Registration
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.testing import FakeClock
from skalds.testing.services.mongo_server import MongoServer

pytest.register_assert_rewrite("skalds.testing.conformance")

AGEING_STEP_MS = 60_000


class BeatsInMemory(MemoryNodeDirectory):
    """Registrations in MongoDB, everything else that a directory does in memory."""

    def __init__(self, memory: MemoryStore, registrations: MongoRegistrations) -> None:
        super().__init__(memory)
        self._registrations = registrations

    async def register(self, node: Node, now: int) -> int:
        session = await self._registrations.register(node, now)
        self._own[session] = node.id
        return session

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        was_open = await self._registrations.leave(node_id, session, lease)
        await super().leave(node_id, session)
        return was_open

    async def begin_leaving(self, node_id: str, session: int) -> None:
        await self._registrations.begin_leaving(node_id, session)

    async def registrations(self) -> Sequence[Registration]:
        return await self._registrations.registrations()

    async def registration_of(self, node_id: str) -> Registration | None:
        return await self._registrations.registration_of(node_id)


class MongoEngine:
    """One participant."""

    def __init__(self, store: MongoStore, step_ms: int, memory: MemoryStore, clock: Clock) -> None:
        self.store = store
        self.numbers = LaneNumbers(store)
        placer = Placer(self.numbers, step_ms)
        self.wakeup = MemoryWakeup(memory)
        self.feed = MongoFeed(store)
        self.intake = MongoTaskIntake(store, self.numbers, placer, clock)
        self.queue = MongoDispatchQueue(store, self.numbers)
        self.lanes = MongoLaneBoard(store, self.numbers)
        self.ledger = MongoRunLedger(store, self.numbers, placer, self.feed, clock)
        self.catalog = MongoTaskCatalog(store)
        self.directory = BeatsInMemory(memory, MongoRegistrations(store))
        self.leases = MongoLeaseStore(store)
        self.bus = MemoryEventBus(memory)
        self.settings = MongoSettingsStore(store)
        self.audit = MongoAuditLog(store)
        self.retention = MongoRetention(store, self.numbers)

    @classmethod
    async def open(cls, options: MongoOptions, role: str, memory: MemoryStore, clock: Clock) -> Self:
        store = await MongoStore.open(options)
        if role == "controller":
            await ensure_indexes(store)
            await set_ageing_step(store, AGEING_STEP_MS)
        engine = cls(store, await ageing_step(store), memory, clock)
        if role == "controller":
            await engine.feed.start()
        return engine

    async def checkpoint(self) -> None:
        pass

    async def close(self) -> None:
        self.wakeup.close()
        self.directory.exit()
        await self.feed.close()
        await self.store.close()


_: type[Engine] = MongoEngine

OpenEngine = Callable[[str], Awaitable[MongoEngine]]


def options_of_a_world(uri: str) -> MongoOptions:
    """A database of its own, and a name under which nobody else ends its transactions or leaves any open."""
    name = f"test_{uuid4().hex}"
    return MongoOptions(uri, name, app_name=name)


def mongo_world(uri: str, clock: FakeClock) -> OpenEngine:
    """Opens participants of one new database: a "controller" or a "node"."""
    memory = MemoryStore(AGEING_STEP_MS)
    options = options_of_a_world(uri)

    async def open_engine(role: str) -> MongoEngine:
        return await MongoEngine.open(options, role, memory, clock)

    return open_engine


async def end_world(engine: MongoEngine) -> None:
    """Deletes the database of this participant and closes it."""
    await engine.store.client.drop_database(engine.store.database.name)
    await engine.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def open_engine(mongo_server: MongoServer, clock: FakeClock) -> OpenEngine:
    return mongo_world(mongo_server.uri, clock)


@pytest.fixture
async def engine(open_engine: OpenEngine) -> AsyncIterator[MongoEngine]:
    engine = await open_engine("controller")
    yield engine
    await end_world(engine)


@pytest.fixture
async def other(open_engine: OpenEngine, engine: MongoEngine) -> AsyncIterator[MongoEngine]:
    other = await open_engine("node")
    yield other
    await other.close()


@pytest.fixture
def store(engine: MongoEngine) -> MongoStore:
    return engine.store


@pytest.fixture
def end_process() -> Callable[[Engine], Awaitable[None]]:
    async def end(participant: Engine) -> None:
        await participant.close()

    return end
