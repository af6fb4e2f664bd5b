"""Messages, and waiting for them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from skalds.adapters.kafka.event_bus import KafkaEventBus
from skalds.adapters.kafka.options import KafkaOptions
from skalds.model.event import TaskEvent, Topic
from skalds.ports.event_bus import BusMessage


def message(recipient: str | None, *task_ids: str, topic: Topic = Topic.ASSIGN) -> BusMessage:
    event = TaskEvent(recipient=recipient, task_ids=list(task_ids), create_date_time=1, update_date_time=2, id="e")
    return BusMessage(topic, event)


@asynccontextmanager
async def opened(options: KafkaOptions, *, sends: bool = True) -> AsyncIterator[KafkaEventBus]:
    bus = await KafkaEventBus.open(options, sends=sends)
    try:
        yield bus
    finally:
        await bus.close()


async def heard(inbox: AsyncIterator[BusMessage], seconds: float = 10) -> BusMessage:
    async with asyncio.timeout(seconds):
        return await anext(inbox)


@asynccontextmanager
async def collecting(inbox: AsyncIterator[BusMessage]) -> AsyncIterator[list[BusMessage]]:
    """What arrives meanwhile, as a list that grows."""
    found: list[BusMessage] = []

    async def collect() -> None:
        async for one in inbox:
            found.append(one)  # noqa: PERF401 - it is read while it grows

    task = asyncio.create_task(collect())
    yield found
    task.cancel()


async def eventually(look: Callable[[], bool], seconds: float = 10) -> None:
    """Returns once it is so."""
    async with asyncio.timeout(seconds):
        while not look():  # noqa: ASYNC110 - a server brings it about
            await asyncio.sleep(0.02)


async def announce_until_sent(bus: KafkaEventBus, messages: Sequence[BusMessage], seconds: float = 20) -> None:
    """As the dispatcher does it: what came back is sent again."""
    left = list(messages)
    async with asyncio.timeout(seconds):
        while left:
            left = list(await bus.announce(left))
            await asyncio.sleep(0.05 if left else 0)


def produce(options: KafkaOptions, *parcels: tuple[str, bytes | None, bytes], partition: int = 0) -> None:
    """Writes to topics as somebody else's program does."""
    producer = Producer({"bootstrap.servers": options.address, "message.max.bytes": 2_000_000, "log_level": 0})
    for topic, key, value in parcels:
        producer.produce(options.prefix + topic, value, key, partition)
    assert producer.flush(10) == 0


def consume(
    options: KafkaOptions, topic: str, partitions: Iterable[int], count: int, *, seconds: float = 10
) -> list[Message]:
    """The first `count` messages of some partitions, read as somebody else's program does."""
    consumer = Consumer({"bootstrap.servers": options.address, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(options.prefix + topic, number, 0) for number in partitions])
    found = consumer.consume(count, seconds)
    consumer.close()
    return found
