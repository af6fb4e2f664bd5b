"""Everything that can be had."""

import os
from collections.abc import Callable
from typing import TypeVar

from pymongo.uri_parser import parse_uri

from skalds.testing.services.carrier import Elsewhere
from skalds.testing.services.container import Container
from skalds.testing.services.kafka_cluster import KafkaCluster, start_kafka_cluster
from skalds.testing.services.kafka_server import KafkaServer, start_kafka
from skalds.testing.services.kind import Kind
from skalds.testing.services.mongo_server import MongoMember, MongoServer, start_mongo
from skalds.testing.services.mongo_set import MongoSet, start_mongo_set
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.programs import kafka_program, mongo_program, redis_program
from skalds.testing.services.redis_cluster import RedisCluster, start_redis_cluster
from skalds.testing.services.redis_server import RedisServer, start_redis
from skalds.testing.services.server import Endpoint, Server
from skalds.testing.services.stand_in_kafka import start_stand_in_kafka

_S = TypeVar("_S", bound=Server)
_MONGO_PORT, _REDIS_PORT, _KAFKA_PORT = 27017, 6379, 9092


def _named_mongo() -> MongoServer | None:
    if not (uri := os.environ.get("MONGO_HOST")):
        return None
    host, port = parse_uri(uri, default_port=_MONGO_PORT)["nodelist"][0]
    return MongoServer(Endpoint(host, port or _MONGO_PORT, Elsewhere("MONGO_HOST"), uri))


def _named_redis() -> RedisServer | None:
    if not (host := os.environ.get("REDIS_HOST")):
        return None
    port = int(os.environ.get("REDIS_PORT") or _REDIS_PORT)
    password = os.environ.get("REDIS_PASSWORD", "")
    uri = f"redis://{f':{password}@' if password else ''}{host}:{port}/0"
    return RedisServer(Endpoint(host, port, Elsewhere("REDIS_HOST"), uri))


def _named_kafka() -> KafkaServer | None:
    if not (host := os.environ.get("KAFKA_HOST")):
        return None
    port = int(os.environ.get("KAFKA_PORT") or _KAFKA_PORT)
    return KafkaServer(Endpoint(host, port, Elsewhere("KAFKA_HOST")))


def _nowhere() -> None:
    """The environment names no groups of servers."""


def _contained(service: str, build: Callable[[Endpoint], _S]) -> Callable[[Place], _S]:
    def start(place: Place) -> _S:
        port = free_port()
        server = build(Endpoint("127.0.0.1", port, Container.prepare(place, service, port)))
        server.start()
        return server

    return start


MONGO = Kind(
    "MongoDB",
    lambda endpoints: MongoServer(*endpoints),
    _named_mongo,
    (_contained("mongo", MongoServer), lambda place: start_mongo(mongo_program(), place)),
)
REDIS = Kind(
    "Redis",
    lambda endpoints: RedisServer(*endpoints),
    _named_redis,
    (_contained("redis", RedisServer), lambda place: start_redis(redis_program(), place)),
)
KAFKA = Kind(
    "Kafka",
    lambda endpoints: KafkaServer(*endpoints),
    _named_kafka,
    (_contained("kafka", KafkaServer), lambda place: start_kafka(kafka_program(), place)),
    stand_in=start_stand_in_kafka,
)
# Members of a group must reach each other under the addresses that clients use; containers with ports of their own
# cannot, so groups are local processes only.
MONGO_SET = Kind(
    "MongoDB of three",
    lambda endpoints: MongoSet([MongoMember(endpoint) for endpoint in endpoints]),
    _nowhere,
    (lambda place: start_mongo_set(mongo_program(), place),),
)
REDIS_CLUSTER = Kind(
    "Redis Cluster",
    lambda endpoints: RedisCluster([RedisServer(endpoint) for endpoint in endpoints]),
    _nowhere,
    (lambda place: start_redis_cluster(redis_program(), place),),
)
KAFKA_CLUSTER = Kind(
    "Kafka of three",
    lambda endpoints: KafkaCluster([KafkaServer(endpoint) for endpoint in endpoints]),
    _nowhere,
    (lambda place: start_kafka_cluster(kafka_program(), place),),
)
