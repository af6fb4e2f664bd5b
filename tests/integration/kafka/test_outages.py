"""When Kafka fails: announcing never blocks for long and never raises, and all is well soon after its return."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from skalds.adapters.kafka.options import KafkaOptions
from skalds.testing.services.kafka_cluster import KafkaCluster
from skalds.testing.services.kafka_server import KafkaServer
from tests.integration.kafka.conftest import PARTITIONS
from tests.integration.kafka.pair import (
    AT_ONCE_SECONDS,
    BACK_WITHIN_SECONDS,
    SOON_SECONDS,
    all_is_well,
    announce_in_time,
    connected,
)
from tests.integration.kafka.traffic import announce_until_sent, collecting, message, opened

pytestmark = pytest.mark.integration


@pytest.fixture
def own_options(own_kafka: KafkaServer) -> KafkaOptions:
    return KafkaOptions(servers=(own_kafka.bootstrap,), partitions=PARTITIONS)


async def test_controller_starts_and_goes_on_without_kafka(own_kafka: KafkaServer, own_options: KafkaOptions) -> None:
    own_kafka.kill()
    async with opened(own_options) as bus:
        await announce_in_time(bus, SOON_SECONDS)
        await announce_in_time(bus, AT_ONCE_SECONDS)
        own_kafka.start()
        await announce_until_sent(bus, [message("node-1", "a")], BACK_WITHIN_SECONDS)


async def test_node_starts_without_kafka_and_hears_when_it_is_there(
    own_kafka: KafkaServer, own_options: KafkaOptions
) -> None:
    own_kafka.kill()
    impatient = replace(own_options, patience_seconds=0.2)
    async with opened(impatient) as bus, bus.listen("node-1") as inbox, collecting(inbox) as found:
        own_kafka.start()

        async def send_and_look() -> None:
            while not found:
                await bus.announce([message("node-1", "a")])
                await asyncio.sleep(0.05)

        await asyncio.wait_for(send_and_look(), BACK_WITHIN_SECONDS)
        assert set(map(repr, found)) == {repr(message("node-1", "a"))}


async def test_kafka_is_killed_and_comes_back(
    own_kafka: KafkaServer, own_options: KafkaOptions, logged: list[tuple[str, Mapping[str, Any]]]
) -> None:
    async with connected(own_options) as pair:
        own_kafka.kill()
        await announce_in_time(pair.sender, SOON_SECONDS)
        for _ in range(20):
            await announce_in_time(pair.sender, AT_ONCE_SECONDS)
        own_kafka.start()
        await all_is_well(pair, "after")
    lost = [fields["part"] for event, fields in logged if event == "bus.lost"]
    assert set(lost) == {"listener", "sender"}
    assert len(lost) < 10


async def test_kafka_is_frozen_and_goes_on(own_kafka: KafkaServer, own_options: KafkaOptions) -> None:
    async with connected(own_options) as pair:
        own_kafka.pause()
        await announce_in_time(pair.sender, SOON_SECONDS)
        await announce_in_time(pair.sender, AT_ONCE_SECONDS)
        own_kafka.resume()
        await all_is_well(pair, "after")


async def test_nothing_waits_for_a_frozen_kafka_at_the_end(own_kafka: KafkaServer, own_options: KafkaOptions) -> None:
    async with connected(own_options) as pair:
        own_kafka.pause()
        await announce_in_time(pair.sender, SOON_SECONDS)
        began = time.monotonic()
    assert time.monotonic() - began < SOON_SECONDS


async def test_topics_are_deleted_and_made_again(own_kafka: KafkaServer, own_options: KafkaOptions) -> None:
    admin = own_kafka.admin()
    async with connected(own_options) as pair:
        for deleted in admin.delete_topics(list(own_options.topics)).values():
            deleted.result(10)

        async def send_and_look() -> None:
            while message("node-1", "after") not in pair.found:
                await pair.sender.announce([message("node-1", "after")])
                await asyncio.sleep(0.1)

        await asyncio.wait_for(send_and_look(), BACK_WITHIN_SECONDS)


async def test_one_of_three_brokers_is_lost(kafka_three: KafkaCluster) -> None:
    options = KafkaOptions(servers=tuple(kafka_three.bootstrap.split(",")), partitions=12)
    nodes = [f"node-{number}" for number in range(64)]
    async with connected(options) as pair:
        kafka_three.members[1].kill()
        await announce_until_sent(pair.sender, [message(node, "down") for node in nodes], BACK_WITHIN_SECONDS)
        await all_is_well(pair, "still down")
        kafka_three.members[1].start()
        await announce_until_sent(pair.sender, [message(node, "up") for node in nodes], BACK_WITHIN_SECONDS)
        await all_is_well(pair, "up again")
