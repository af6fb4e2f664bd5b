"""Hints to nodes."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Self

from confluent_kafka import KafkaError

from skalds.adapters.kafka.addressing import Addressing, Sending, by_task, to_node
from skalds.adapters.kafka.error_mapping import TOO_LARGE
from skalds.adapters.kafka.event_format import halves
from skalds.adapters.kafka.listener import Listener
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.sender import Sender
from skalds.adapters.kafka.topic_watch import TopicWatch
from skalds.ports.event_bus import BusMessage, EventBus

_INBOX_LIMIT = 10_000


class KafkaEventBus:
    """`EventBus` over Kafka: each node reads one partition of each topic, and senders write to that one.

    Kafka keeps what nobody reads, so that a message to an id without a listener does not come back. A message that
    comes back after a time-out may have arrived nevertheless.
    """

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._sending: tuple[Sender, TopicWatch] | None = None
        self._listeners: list[Listener] = []

    @classmethod
    async def open(cls, options: KafkaOptions, *, sends: bool) -> Self:
        """Begins to connect and does not wait for it; raises `ConfigurationError` for options that never work.

        Who never announces needs no producer; who does gets one now, or else with the first message.
        """
        bus = cls(options)
        if sends:
            bus._connected()
        return bus

    @property
    def read(self) -> int:
        """How many messages those who listen here have read, whoever they were for."""
        return sum(listener.read for listener in self._listeners)

    async def close(self) -> None:
        """Gives up what was not sent, and disconnects; listeners end with their contexts. Idempotent."""
        if self._sending is not None:
            sender, watch = self._sending
            await watch.close()
            await sender.close()

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        return await self._send(messages, to_node)

    async def announce_by_task(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        """The same for nodes of 0.3.8, which read every partition: one event per task, with the task's id as its key.

        What comes back is one message per task too; everything comes back where 0.3.8 is not served.
        """
        return await self._send(messages, by_task) if self._options.serves_legacy else list(messages)

    @asynccontextmanager
    async def listen(self, node_id: str) -> AsyncIterator[AsyncIterator[BusMessage]]:
        inbox: asyncio.Queue[BusMessage | None] = asyncio.Queue()

        def receive(messages: Iterable[BusMessage]) -> None:
            for message in messages:
                if inbox.qsize() < _INBOX_LIMIT:
                    inbox.put_nowait(message)

        listener = Listener(self._options, node_id, receive)
        self._listeners.append(listener)
        try:
            await listener.wait_positioned()
            yield _until_closed(inbox)
        finally:
            await listener.close()
            self._listeners.remove(listener)
            inbox.put_nowait(None)

    async def _send(self, messages: Sequence[BusMessage], address: Addressing) -> list[BusMessage]:
        sender, watch = self._connected()
        partitions = await watch.partitions()
        if partitions is None:
            return list(messages)
        sendings = [sending for message in messages for sending in address(message, partitions, self._options)]
        outcomes = await sender.send([parcel for sending in sendings for parcel in sending.parcels])
        watch.take_outcomes(outcomes)
        lost, too_large = _sort_out(sendings, outcomes)
        for message in too_large:
            # Only a topic that takes less than usual brings us here; what travels together counts together there.
            for part in [message] if len(sendings) > 1 else _parts(message):
                lost += await self._send([part], address)
        return lost

    def _connected(self) -> tuple[Sender, TopicWatch]:
        if self._sending is None:
            sender = Sender(self._options)
            self._sending = sender, TopicWatch(self._options, sender)
        return self._sending


def _sort_out(
    sendings: Sequence[Sending], outcomes: Sequence[KafkaError | None]
) -> tuple[list[BusMessage], list[BusMessage]]:
    """The messages that did not arrive, and those that may by themselves; outcomes come in the order of parcels."""
    lost, too_large = [], []
    each = iter(outcomes)
    for message, parcels in sendings:
        errors = [error for error in [next(each) for _ in parcels] if error is not None]
        if any(error.code() in TOO_LARGE for error in errors) and (len(sendings) > 1 or _parts(message)):
            too_large.append(message)
        elif errors or not parcels:
            lost.append(message)
    return lost, too_large


def _parts(message: BusMessage) -> Sequence[BusMessage]:
    return halves(message) if len(message.event.task_ids) > 1 else ()


async def _until_closed(inbox: asyncio.Queue[BusMessage | None]) -> AsyncIterator[BusMessage]:
    while (message := await inbox.get()) is not None:
        yield message


_: type[EventBus] = KafkaEventBus
