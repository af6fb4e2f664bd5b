"""How topics come into being, are used as they are, and grow."""

import asyncio
from dataclasses import replace
from itertools import count

import pytest
from confluent_kafka.cimpl import NewPartitions, NewTopic

from skalds.adapters.kafka.event_format import to_value
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.partitions import partition_of
from skalds.model.event import Topic
from skalds.testing.services.kafka_cluster import KafkaCluster
from skalds.testing.services.kafka_server import KafkaServer
from tests.integration.kafka.traffic import (
    announce_until_sent,
    collecting,
    consume,
    eventually,
    heard,
    message,
    opened,
    produce,
)

pytestmark = pytest.mark.integration


def _counts(server: KafkaServer, options: KafkaOptions) -> set[int]:
    topics = server.admin().list_topics(timeout=10).topics
    return {len(topics[name].partitions) for name in options.topics}


def _make(server: KafkaServer, options: KafkaOptions, partitions: int) -> None:
    admin = server.admin()
    for made in admin.create_topics([NewTopic(name, partitions, 1) for name in options.topics]).values():
        made.result(10)


def _grow(server: KafkaServer, options: KafkaOptions, partitions: int) -> None:
    admin = server.admin()
    for each in admin.create_partitions([NewPartitions(name, partitions) for name in options.topics]).values():
        each.result(10)


def _moving_id(before: int, after: int) -> str:
    ids = (f"node-{number}" for number in count())
    return next(id_ for id_ in ids if partition_of(id_, before) != partition_of(id_, after))


async def test_topics_are_made_by_the_first_who_needs_them(options: KafkaOptions, kafka_server: KafkaServer) -> None:
    usual = replace(options, partitions=KafkaOptions().partitions)
    async with opened(usual) as bus, bus.listen("node-1"):
        assert _counts(kafka_server, options) == {64}


async def test_topics_are_made_by_two_at_the_same_moment(options: KafkaOptions, kafka_server: KafkaServer) -> None:
    async with opened(options) as sender, opened(options, sends=False) as node:
        sent = asyncio.create_task(announce_until_sent(sender, [message("node-1", "a")]))
        async with node.listen("node-1"), node.listen("node-2"):
            await sent
    assert _counts(kafka_server, options) == {options.partitions}


async def test_topics_are_made_as_wanted(options: KafkaOptions, kafka_server: KafkaServer) -> None:
    wanted = replace(options, partitions=5, replication=1)
    async with opened(wanted) as bus:
        await announce_until_sent(bus, [message("node-1", "a")])
    assert _counts(kafka_server, options) == {5}


async def test_topics_that_exist_are_used_as_they_are(options: KafkaOptions, kafka_server: KafkaServer) -> None:
    _make(kafka_server, options, 3)
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        await announce_until_sent(bus, [message("node-1", "a")])
        assert await heard(inbox) == message("node-1", "a")
    assert _counts(kafka_server, options) == {3}


async def test_sender_that_knows_of_growth_reaches_a_node_that_does_not(
    options: KafkaOptions, kafka_server: KafkaServer
) -> None:
    _make(kafka_server, options, 2)
    node_id = _moving_id(2, 5)
    quick = replace(options, renew_seconds=0.1)
    async with opened(quick) as sender, opened(options, sends=False) as node, node.listen(node_id) as inbox:
        await announce_until_sent(sender, [message(node_id, "first")])
        _grow(kafka_server, options, 5)
        while not consume(options, Topic.ASSIGN, [partition_of(node_id, 5)], 1, seconds=0.1):
            await announce_until_sent(sender, [message(node_id, "while it grows")])
        await announce_until_sent(sender, [message(node_id, "last")])
        while (await heard(inbox)) != message(node_id, "last"):
            pass


async def test_node_that_knows_of_growth_hears_a_sender_that_does_not(
    options: KafkaOptions, kafka_server: KafkaServer
) -> None:
    _make(kafka_server, options, 2)
    node_id = _moving_id(2, 5)
    quick = replace(options, renew_seconds=0.1)
    async with opened(options) as sender, opened(quick, sends=False) as node, node.listen(node_id) as inbox:
        await announce_until_sent(sender, [message(node_id, "first")])
        _grow(kafka_server, options, 5)
        from_new_partition = to_value(message(node_id, "elsewhere").event)
        async with collecting(inbox) as found:
            while message(node_id, "elsewhere") not in found:
                produce(options, (Topic.ASSIGN, b"k", from_new_partition), partition=partition_of(node_id, 5))
                await asyncio.sleep(0.05)
            await announce_until_sent(sender, [message(node_id, "last")])
            await eventually(lambda: message(node_id, "last") in found)
    assert consume(options, Topic.ASSIGN, [partition_of(node_id, 2)], 3, seconds=1)[-1].value() == to_value(
        message(node_id, "last").event
    )


async def test_three_brokers_hold_three_replicas(kafka_three: KafkaCluster) -> None:
    options = KafkaOptions(servers=tuple(kafka_three.bootstrap.split(",")), prefix="replicas.", partitions=2)
    async with opened(options) as bus:
        await announce_until_sent(bus, [message("node-1", "a")])
    topics = kafka_three.members[0].admin().list_topics(timeout=10).topics
    replicas = {len(one.replicas) for name in options.topics for one in topics[name].partitions.values()}
    assert replicas == {3}
