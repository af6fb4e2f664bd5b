"""`DistributedEngine`: all ports of one process over MongoDB, Kafka and Redis.

MongoDB   the truth: everything is read and written there, and a process does not start without it
Kafka     hints to nodes          ┐ may be away at any moment, at the start too:
Redis     beats, and taps         ┘ that costs time, never a task
"""

from contextlib import AsyncExitStack, suppress
from typing import Literal, Self

from skalds.adapters.distributed.node_directory import DistributedNodeDirectory
from skalds.adapters.distributed.options import DistributedOptions
from skalds.adapters.kafka.event_bus import KafkaEventBus
from skalds.adapters.mongo.ageing import ageing_step, set_ageing_step
from skalds.adapters.mongo.audit_log import MongoAuditLog
from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.dispatch_queue import MongoDispatchQueue
from skalds.adapters.mongo.feed import MongoFeed
from skalds.adapters.mongo.indexes import ensure_indexes
from skalds.adapters.mongo.lane_board import MongoLaneBoard
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.lease_store import MongoLeaseStore
from skalds.adapters.mongo.placing import Placer
from skalds.adapters.mongo.registrations import MongoRegistrations
from skalds.adapters.mongo.retention import MongoRetention
from skalds.adapters.mongo.run_ledger import MongoRunLedger
from skalds.adapters.mongo.settings_store import MongoSettingsStore
from skalds.adapters.mongo.task_catalog import MongoTaskCatalog
from skalds.adapters.mongo.task_intake import MongoTaskIntake
from skalds.adapters.redis.link import RedisLink
from skalds.adapters.redis.presence import RedisPresence
from skalds.adapters.redis.wakeup import RedisWakeup
from skalds.errors import StoreError
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.ids import Ids

Role = Literal["controller", "node"]


class DistributedEngine:
    """A controller's or a node's access to the three; open it with `open`, inside the event loop."""

    def __init__(
        self,
        store: MongoStore,
        step_ms: int,
        bus: KafkaEventBus,
        wakeup: RedisWakeup,
        presence: RedisPresence,
        clock: Clock,
    ) -> None:
        self._closing = AsyncExitStack()
        self._store = store
        # Nobody else's commit needs a word from us: the feed tells of it, and the tap is our own.
        feed = MongoFeed(store, wakeup.tap)
        numbers = LaneNumbers(store)
        placer = Placer(numbers, step_ms)
        self.intake = MongoTaskIntake(store, numbers, placer, clock)
        self.queue = MongoDispatchQueue(store, numbers)
        self.lanes = MongoLaneBoard(store, numbers)
        self.ledger = MongoRunLedger(store, numbers, placer, feed, clock)
        self.catalog = MongoTaskCatalog(store)
        self.directory = DistributedNodeDirectory(MongoRegistrations(store), presence, clock)
        self.leases = MongoLeaseStore(store)
        self.bus = bus
        self.wakeup = wakeup
        self.settings = MongoSettingsStore(store)
        self.audit = MongoAuditLog(store)
        self.retention = MongoRetention(store, numbers)
        self.feed = feed

    @classmethod
    async def open(
        cls, options: DistributedOptions, clock: Clock, ids: Ids, *, role: Role, ageing_step_ms: int = 60_000
    ) -> Self:
        """Connects; a controller also makes collections, indexes and topics, and listens to what is committed.

        Its `ageing_step_ms` becomes that of the store; nodes use what they find. Raises `StoreUnavailable` as long as
        MongoDB cannot be used, `ConfigurationError` for what waiting does not mend.
        """
        is_controller = role == "controller"
        async with AsyncExitStack() as opened:
            store = await MongoStore.open(options.mongo)
            opened.push_async_callback(store.close)
            if is_controller:
                await ensure_indexes(store)
                await set_ageing_step(store, ageing_step_ms)
            step_ms = await ageing_step(store)
            bus = await KafkaEventBus.open(options.kafka, sends=is_controller)
            opened.push_async_callback(bus.close)
            link = await RedisLink.open(options.redis)
            opened.push_async_callback(link.close)
            presence = RedisPresence(link, clock, ids)
            opened.push_async_callback(presence.close)
            wakeup = await RedisWakeup.open(link, ids, listens=is_controller)
            opened.push_async_callback(wakeup.close)
            engine = cls(store, step_ms, bus, wakeup, presence, clock)
            if is_controller:
                await engine.feed.start()
            opened.push_async_callback(engine.feed.close)
            engine._closing = opened.pop_all()
        return engine

    async def checkpoint(self) -> None:
        """The servers keep their own house, but for what processes that died left behind: transactions and beats."""
        with suppress(StoreError):
            # A user who may not do this waits for the server, which does it after a minute.
            await self._store.end_abandoned()
        await self.directory.forget_beats()

    async def close(self) -> None:
        await self._closing.aclose()


async def drop_database(options: DistributedOptions) -> None:
    """Deletes the database with all that is in it."""
    store = await MongoStore.open(options.mongo)
    try:
        with store.writing():
            await store.client.drop_database(options.mongo.database)
    finally:
        await store.close()


_: type[Engine] = DistributedEngine
