"""The composed engine on the servers of the run."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from skalds.adapters.distributed.engine import DistributedEngine, Role, drop_database
from skalds.adapters.distributed.options import DistributedOptions
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.redis.options import RedisOptions
from skalds.ports.engine import Engine
from skalds.testing import CountingIds, FakeClock
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.redis_server import RedisServer

pytest.register_assert_rewrite("skalds.testing.conformance")

OpenEngine = Callable[[Role], Awaitable[DistributedEngine]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def options(mongo_server: MongoServer, kafka_server: KafkaServer, redis_server: RedisServer) -> DistributedOptions:
    """A database, topics and keys of the test's own."""
    name = f"t{uuid4().hex[:12]}"
    return DistributedOptions(
        MongoOptions(uri=mongo_server.uri, database=name),
        KafkaOptions(servers=(kafka_server.bootstrap,), prefix=f"{name}.", partitions=4),
        RedisOptions(url=redis_server.uri, prefix=name, read_seconds=0),
    )


@pytest.fixture
def open_engine(options: DistributedOptions, clock: FakeClock) -> OpenEngine:
    async def open_(role: Role) -> DistributedEngine:
        return await DistributedEngine.open(options, clock, CountingIds(role), role=role)

    return open_


@pytest.fixture
async def engine(open_engine: OpenEngine, options: DistributedOptions) -> AsyncIterator[DistributedEngine]:
    engine = await open_engine("controller")
    yield engine
    await engine.close()
    await drop_database(options)


@pytest.fixture
async def other(open_engine: OpenEngine, engine: Engine) -> AsyncIterator[DistributedEngine]:
    other = await open_engine("node")
    yield other
    await other.close()


@pytest.fixture
def end_process() -> Callable[[Engine], Awaitable[None]]:
    async def end(participant: Engine) -> None:
        await participant.close()

    return end
