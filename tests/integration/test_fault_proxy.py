"""The fault proxy before real servers, with their own clients."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from bson import ObjectId
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pymongo import MongoClient
from pymongo.errors import AutoReconnect
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.redis_server import RedisServer
from skalds.testing.waiting import wait_for
from tests.fault_proxy import Direction, FaultProxy

pytestmark = pytest.mark.integration

NEVER = Retry(NoBackoff(), 0)


@pytest.fixture
def before_redis(redis_server: RedisServer) -> Iterator[FaultProxy]:
    with FaultProxy.before(redis_server) as proxy:
        yield proxy


@pytest.fixture
def redis_client(before_redis: FaultProxy) -> Iterator[Redis]:
    with Redis(host=before_redis.host, port=before_redis.port, socket_timeout=0.3, retry=NEVER) as client:
        client.ping()
        yield client


def test_redis_is_lost_and_found(before_redis: FaultProxy, redis_client: Redis) -> None:
    before_redis.cut()
    with pytest.raises(RedisConnectionError):
        redis_client.ping()

    before_redis.heal()

    assert redis_client.ping()


def test_redis_does_not_answer_in_time(before_redis: FaultProxy, redis_client: Redis) -> None:
    before_redis.stall()

    with pytest.raises(RedisTimeoutError):
        redis_client.ping()


def test_write_reaches_mongo_though_its_answer_is_lost(mongo_server: MongoServer) -> None:
    with (
        FaultProxy.before(mongo_server) as proxy,
        mongo_client(f"mongodb://{proxy.host}:{proxy.port}/?directConnection=true&retryWrites=false") as client,
        mongo_client(mongo_server.uri) as witness,
        ThreadPoolExecutor() as aside,
    ):
        client.admin.command("ping")
        proxy.lose(Direction.TO_CLIENT)
        document = ObjectId()
        writing = aside.submit(client["kit_proxy"]["documents"].insert_one, {"_id": document})
        assert wait_for(lambda: witness["kit_proxy"]["documents"].find_one(document))

        proxy.reset()

        with pytest.raises(AutoReconnect):
            writing.result(10)


def mongo_client(address: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(address)


def test_clients_of_kafka_stay_behind_the_proxy(own_kafka: KafkaServer) -> None:
    with FaultProxy.before(own_kafka) as proxy:
        admin = AdminClient({"bootstrap.servers": f"{proxy.host}:{proxy.port}", "log_level": 0})
        (broker,) = admin.list_topics(timeout=10).brokers.values()
        assert broker.port == proxy.port

        proxy.cut()
        with pytest.raises(KafkaException):
            admin.list_topics(timeout=0.5)
        proxy.heal()

        assert admin.list_topics(timeout=10).brokers
