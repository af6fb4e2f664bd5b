"""Fleets on the shared servers, and on servers of their own that a test may break."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.redis_server import RedisServer
from tests.fault_proxy import FaultProxy
from tests.integration.system.fleet import Fleet, fleet_in


def addresses(mongo: str, kafka: str, redis: str) -> dict[str, str]:
    """The settings of a fleet with a database, and node ids, of its own."""
    return {
        "SKALDS_ENGINE": "distributed",
        "MONGO_HOST": mongo,
        "KAFKA_HOST": kafka,
        "REDIS_URL": redis,
        "DB_NAME": f"system_{os.urandom(4).hex()}",
    }


@pytest.fixture
def fleet(
    tmp_path: Path, mongo_server: MongoServer, kafka_server: KafkaServer, redis_server: RedisServer
) -> Iterator[Fleet]:
    """No process yet; on the servers that all tests share."""
    with fleet_in(tmp_path, addresses(mongo_server.uri, kafka_server.bootstrap, redis_server.uri)) as made:
        yield made


@dataclass
class Servers:
    """Servers of one test alone."""

    mongo: MongoServer
    kafka: KafkaServer
    redis: RedisServer


@pytest.fixture
def servers(own_mongo: MongoServer, own_kafka: KafkaServer, own_redis: RedisServer) -> Servers:
    """All three, to be broken."""
    return Servers(own_mongo, own_kafka, own_redis)


@pytest.fixture
def fragile(tmp_path: Path, servers: Servers) -> Iterator[Fleet]:
    """A controller and two nodes on servers that the test may break."""
    settings = addresses(servers.mongo.uri, servers.kafka.bootstrap, servers.redis.uri)
    with fleet_in(tmp_path, settings) as made:
        made.add_controller("controller-1")
        made.start_marking_nodes("node-a", "node-b")
        yield made


@pytest.fixture
def stormy(fleet: Fleet, mongo_server: MongoServer) -> Iterator[Fleet]:
    """Three controllers, each with a connection of its own to the store that can be cut, and two nodes."""
    with ExitStack() as stack:
        for name in ("controller-1", "controller-2", "controller-3"):
            proxy = stack.enter_context(FaultProxy(mongo_server.port))
            fleet.proxies[name] = proxy
            fleet.add_controller(name, MONGO_HOST=f"mongodb://{proxy.host}:{proxy.port}/?directConnection=true")
        fleet.start_marking_nodes("node-a", "node-b")
        yield fleet
        fleet.processes.stop()
