"""What nodes make of what others write, and what others read of what we write."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from confluent_kafka.cimpl import NewTopic

from skalds.adapters.kafka.event_format import to_value
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.partitions import partition_of
from skalds.model.event import Topic
from skalds.testing.services.kafka_server import KafkaServer
from tests.integration.kafka.conftest import PARTITIONS
from tests.integration.kafka.traffic import announce_until_sent, consume, heard, message, opened, produce

pytestmark = pytest.mark.integration

ASSIGN = Topic.ASSIGN
HERE = partition_of("node-1", PARTITIONS)


async def test_poison_is_skipped_and_counted(
    options: KafkaOptions, logged: list[tuple[str, Mapping[str, Any]]]
) -> None:
    poison = [
        (ASSIGN, None, to_value(message("node-1", "without key").event)),
        (ASSIGN, b"k", b"\xff\x00 no JSON"),
        (ASSIGN, b"k", b"[" * 5_000),
        (ASSIGN, b"k", b'{"taskIds": "no list"}'),
        (ASSIGN, b"k", b'{"title": "names no tasks"}'),
        (ASSIGN, b"k", b'{"taskIds": ["\\ud800"]}'),
        (ASSIGN, b"k", b'{"taskIds": ["' + b"x" * 1_010_000 + b'"]}'),
        (ASSIGN, b"k", b""),
    ]
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        produce(options, *poison, partition=HERE)
        await announce_until_sent(bus, [message("node-1", "a")])
        assert await heard(inbox) == message("node-1", "a")
    assert [fields["count"] for event, fields in logged if event == "bus.poison"] == [1, 2, 4, 8]


async def test_both_spellings_are_read(options: KafkaOptions) -> None:
    expected = message("node-1", "a")
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        produce(
            options,
            (ASSIGN, b"a", expected.event.model_dump_json(by_alias=True).encode()),
            (ASSIGN, b"a", expected.event.model_dump_json().encode()),
            partition=HERE,
        )
        assert [await heard(inbox) for _ in range(2)] == [expected, expected]


async def test_event_without_recipient_concerns_everybody_and_one_for_another_node_nobody(
    options: KafkaOptions,
) -> None:
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        produce(
            options,
            (ASSIGN, b"a", to_value(message("node-2", "other").event)),
            (ASSIGN, b"a", to_value(message(None, "script").event)),
            partition=HERE,
        )
        assert await heard(inbox) == message(None, "script")


async def test_repeated_and_reordered_messages_all_arrive(options: KafkaOptions) -> None:
    values = [to_value(message("node-1", str(number)).event) for number in (2, 1, 2, 2, 1)]
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        produce(options, *((ASSIGN, b"a", value) for value in values), partition=HERE)
        assert [(await heard(inbox)).event.task_ids for _ in values] == [["2"], ["1"], ["2"], ["2"], ["1"]]


async def test_message_has_the_recipient_as_key_and_camel_case(options: KafkaOptions) -> None:
    async with opened(options) as bus:
        await announce_until_sent(bus, [message("node-1", "a", "b")])
    [found] = consume(options, ASSIGN, [HERE], 1)
    assert found.key() == b"node-1"
    assert found.value() == (
        b'{"id":"e","title":null,"initiator":null,"recipient":"node-1",'
        b'"createDateTime":1,"updateDateTime":2,"taskIds":["a","b"]}'
    )


async def test_message_larger_than_the_limit_arrives_in_parts(options: KafkaOptions) -> None:
    ids = [f"{number:0200}" for number in range(12_000)]
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        await announce_until_sent(bus, [message("node-1", *ids)])
        received: list[str] = []
        while len(received) < len(ids):
            received += (await heard(inbox)).event.task_ids
    assert received == ids


async def test_topic_that_takes_less_gets_smaller_parts(options: KafkaOptions, kafka_server: KafkaServer) -> None:
    admin, limit = kafka_server.admin(), {"max.message.bytes": "20000"}
    for made in admin.create_topics([NewTopic(name, 1, 1, config=limit) for name in options.topics]).values():
        made.result(10)
    ids = [f"{number:0100}" for number in range(1_000)]
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        await announce_until_sent(bus, [message("node-1", *ids)])
        received: list[str] = []
        while len(received) < len(ids):
            received += (await heard(inbox)).event.task_ids
    assert sorted(received) == ids


async def test_one_task_id_larger_than_the_limit_comes_back(options: KafkaOptions) -> None:
    large = message("node-1", "x" * 1_100_000)
    async with opened(options) as bus:
        await announce_until_sent(bus, [message("node-1", "a")])
        assert list(await bus.announce([large, message("node-1", "b")])) == [large]


async def test_text_that_is_none_comes_back(options: KafkaOptions) -> None:
    broken = message("node-1", "\ud800")
    async with opened(options) as bus:
        await announce_until_sent(bus, [message("node-1", "a")])
        assert list(await bus.announce([broken, message("node-1", "b")])) == [broken]


async def test_nodes_of_the_version_before_get_one_event_per_task(options: KafkaOptions) -> None:
    async with opened(options) as bus, bus.listen("node-1") as inbox:
        await announce_until_sent(bus, [message("node-2", "a")])
        assert list(await bus.announce_by_task([message("old-node", "b", "c")])) == []
        await announce_until_sent(bus, [message("node-1", "a")])
        assert await heard(inbox) == message("node-1", "a")
    found = consume(options, ASSIGN, range(PARTITIONS), 4)
    events = {raw.key(): orjson.loads(raw.value() or b"") for raw in found if raw.key() in (b"b", b"c")}
    assert {key: (event["id"], event["taskIds"]) for key, event in events.items()} == {
        b"b": ("b", ["b"]),
        b"c": ("c", ["c"]),
    }


async def test_nodes_of_the_version_before_are_not_served_unless_wanted(options: KafkaOptions) -> None:
    async with opened(replace(options, serves_legacy=False)) as bus:
        assert list(await bus.announce_by_task([message("old-node", "b")])) == [message("old-node", "b")]
