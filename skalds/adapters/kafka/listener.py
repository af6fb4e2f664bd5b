"""The consumer of one node, and the thread that reads it."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from loguru import logger

from skalds.adapters.kafka.client_settings import consumer_settings
from skalds.adapters.kafka.driver_log import DriverLog
from skalds.adapters.kafka.error_mapping import DRIVER_ERRORS, REFUSED, from_code, mapped
from skalds.adapters.kafka.event_format import message_from
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.outage import Outage
from skalds.adapters.kafka.partitions import Partitions
from skalds.adapters.kafka.topics import find_partitions
from skalds.adapters.log_sampling import is_told
from skalds.errors import ConfigurationError, SkaldsError
from skalds.ports.event_bus import BusMessage

_POLL_SECONDS = 0.25
_READ_AT_ONCE = 500
_DOUBT_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_CLOSE_SECONDS = 5.0
_POSITION_SECONDS = 5.0
_END = -1
"""Where a moment is asked for, this one is the end."""


class Listener:
    """Reads the node's partition of each topic from the end on.

        find the partitions ──► ask where they end ──► assign ──► positioned: read … and look again each minute

    While Kafka is away it tries all this again twice a second. What is assigned stays: after an outage reading goes on
    where it stopped.
    """

    def __init__(self, options: KafkaOptions, node_id: str, receive: Callable[[Sequence[BusMessage]], None]) -> None:
        self._options = options
        self._node_id = node_id
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._positioned = asyncio.Event()
        self._refusal: ConfigurationError | None = None
        self._outage = Outage("listener", options.address)
        self._partitions = Partitions({})
        self._assigned: set[tuple[str, int]] = set()
        self._looked_at = self._look_at = 0.0
        self._is_closing = False
        self.poison = 0
        """How many messages could not be read."""
        self.read = 0
        """How many messages came, whoever they were for."""
        settings = consumer_settings(options) | {"error_cb": self._take_error}
        try:
            self._consumer = Consumer(settings, logger=DriverLog("listener"))
        except KafkaException as error:
            raise mapped(error, options) from error
        self._thread = threading.Thread(target=self._serve, name="skalds-kafka-listener", daemon=True)
        self._thread.start()

    async def wait_positioned(self) -> None:
        """Returns when nothing sent from now on is missed, or when patience is over: rows are read again anyway.

        Raises `ConfigurationError` if what keeps Kafka from answering is something that an operator must change.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.patience_seconds):
                await self._positioned.wait()
        if self._refusal is not None and not self._positioned.is_set():
            raise self._refusal

    async def close(self) -> None:
        """Stops reading; idempotent."""
        self._is_closing = True
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    def _serve(self) -> None:
        while not self._is_closing:
            if time.monotonic() >= self._look_at:
                self._attempt(self._look)
            # Also while nothing can be found: here the driver tells why.
            self._attempt(self._read)
        self._consumer.close()

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except DRIVER_ERRORS as error:
            self._fail(mapped(error, self._options))
        except SkaldsError as error:
            self._fail(error)

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        self._take_position()
        self._look_at = self._looked_at + self._options.renew_seconds
        self._refusal = None
        self._outage.end()
        self._tell(self._positioned.set)

    def _fail(self, error: SkaldsError) -> None:
        if isinstance(error, ConfigurationError):
            self._refusal = error
        self._outage.begin(error)
        self._look_at = self._looked_at + _RETRY_SECONDS

    def _take_error(self, error: KafkaError) -> None:
        """The driver tells of every lost connection; only what concerns all brokers or a refusal cuts us off."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.code() in REFUSED:
            self._fail(from_code(error, self._options))
        else:
            self._look_at = min(self._look_at, self._looked_at + _DOUBT_SECONDS)

    def _take_position(self) -> None:
        """Assigns what is not assigned yet. What is sent after the question for the end comes after its answer."""
        self._partitions = find_partitions(self._consumer, self._options).after(self._partitions)
        wanted = {
            (topic, number) for topic in self._options.topics for number in self._partitions.of(topic, self._node_id)
        }
        new = self._ends([TopicPartition(topic, number, _END) for topic, number in wanted - self._assigned])
        if gone := self._assigned - wanted:
            self._consumer.incremental_unassign([TopicPartition(topic, number) for topic, number in gone])
            self._assigned -= gone
        if new:
            self._consumer.incremental_assign(new)
            self._assigned = wanted

    def _ends(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """The partitions with the offsets that the next messages will have."""
        ends = self._consumer.offsets_for_times(partitions, timeout=_POSITION_SECONDS) if partitions else []
        for end in ends:
            if end.error is not None:
                raise from_code(end.error, self._options)
        return ends

    def _read(self) -> None:
        first = self._consumer.poll(_POLL_SECONDS)
        if first is None:
            return
        read = [first, *self._consumer.consume(_READ_AT_ONCE, 0)]
        self.read += len(read)
        messages = [message for raw in read if (message := self._message(raw)) is not None]
        if messages:
            self._tell(self._receive, messages)

    def _message(self, raw: Message) -> BusMessage | None:
        error = raw.error()
        if error is not None:
            self._take_error(error)
            return None
        message = message_from((raw.topic() or "").removeprefix(self._options.prefix), raw.key(), raw.value())
        if message is None:
            self._count_poison(raw)
            return None
        return message if message.event.recipient in (None, self._node_id) else None

    def _count_poison(self, raw: Message) -> None:
        self.poison += 1
        if is_told(self.poison):
            where = {"topic": raw.topic(), "partition": raw.partition(), "offset": raw.offset()}
            logger.bind(node=self._node_id, count=self.poison, **where).warning("bus.poison")

    def _tell(self, callback: Callable[..., object], *values: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *values)
        except RuntimeError:
            # The loop is closed: nobody is left to hear it.
            self._is_closing = True
