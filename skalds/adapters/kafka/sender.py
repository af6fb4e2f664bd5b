"""The producer, and the thread that hears what became of its messages."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from loguru import logger

from skalds.adapters.kafka.client_settings import producer_settings
from skalds.adapters.kafka.driver_log import DriverLog
from skalds.adapters.kafka.error_mapping import error_of, from_code, mapped
from skalds.adapters.kafka.options import KafkaOptions
from skalds.errors import ConfigurationError

ANY_PARTITION = -1
_POLL_SECONDS = 0.25
# The driver looks once a second for messages whose time is over.
_GRACE_SECONDS = 2.0
_REPLACE_SECONDS = 5.0
_UNANSWERED = KafkaError(KafkaError._MSG_TIMED_OUT)


class Parcel(NamedTuple):
    """One message of the wire."""

    topic: str
    partition: int
    key: bytes
    value: bytes


class Sender:
    """Sends parcels and tells what became of each; in bounded time, whatever the brokers do."""

    def __init__(self, options: KafkaOptions) -> None:
        self._patience = options.delivery_seconds + _GRACE_SECONDS
        self._options = options
        self._is_closing = False
        self._is_broken = False
        self._replace_at = 0.0
        self.refusal: ConfigurationError | None = None
        """What an operator must change before anything is sent, as far as the brokers said so last."""
        self.producer = self._new_producer()
        self._thread = threading.Thread(target=self._serve, name="skalds-kafka-sender", daemon=True)
        self._thread.start()

    async def send(self, parcels: Sequence[Parcel]) -> Sequence[KafkaError | None]:
        """The error of each parcel, None for those that arrived."""
        if not parcels:
            return []
        batch = _Batch(len(parcels))
        for number, parcel in enumerate(parcels):
            self._produce(parcel, batch, number)
        outcomes = await batch.wait(self._patience)
        if any(error is None for error in outcomes):
            self.refusal = None
        return outcomes

    async def close(self) -> None:
        """Gives up what was not sent; idempotent."""
        self._is_closing = True
        await asyncio.to_thread(self._thread.join, self._patience)

    def _produce(self, parcel: Parcel, batch: "_Batch", number: int) -> None:
        try:
            self.producer.produce(
                parcel.topic, parcel.value, parcel.key, parcel.partition, on_delivery=partial(batch.settle, number)
            )
        except BufferError:
            batch.settle(number, KafkaError(KafkaError._QUEUE_FULL), None)
        except KafkaException as error:
            batch.settle(number, error_of(error) or KafkaError(KafkaError._FAIL, str(error)), None)

    def _serve(self) -> None:
        while not self._is_closing:
            self._poll()
            if self._is_broken and time.monotonic() >= self._replace_at:
                self._replace()
        _give_up(self.producer)

    def _poll(self) -> None:
        """Brings outcomes and errors; that nothing can ever be sent again is raised here too."""
        try:
            self.producer.poll(_POLL_SECONDS)
        except KafkaException as error:
            if (said := error_of(error)) is not None:
                self._take_error(said)

    def _replace(self) -> None:
        """The driver said that this producer can never send again; another one can."""
        self._is_broken = False
        self._replace_at = time.monotonic() + _REPLACE_SECONDS
        broken, self.producer = self.producer, self._new_producer()
        logger.bind(address=self._options.address).warning("bus.sender_replaced")
        _give_up(broken)

    def _take_error(self, error: KafkaError) -> None:
        """The driver tells of every lost connection, which mends itself, and of what does not."""
        if error.fatal():
            self._is_broken = True
        ours = from_code(error, self._options)
        if isinstance(ours, ConfigurationError):
            self.refusal = ours

    def _new_producer(self) -> Producer:
        settings = producer_settings(self._options) | {"error_cb": self._take_error}
        try:
            return Producer(settings, logger=DriverLog("sender"))
        except KafkaException as error:
            raise mapped(error, self._options) from error


def _give_up(producer: Producer) -> None:
    """Without this its end would wait for messages that nobody wants any more."""
    with suppress(KafkaException):
        producer.purge()
        producer.poll(0)
        # Not left to whenever the object goes: until then it would go on connecting.
        producer.close()


class _Batch:
    """Collects the outcomes of parcels that were sent together; they come from two threads."""

    def __init__(self, size: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._all_settled = asyncio.Event()
        self._outcomes: list[KafkaError | None] = [_UNANSWERED] * size
        self._settled: deque[int] = deque()

    def settle(self, number: int, error: KafkaError | None, _message: Message | None) -> None:
        """What became of one parcel. To append is atomic, so that whoever comes last sees that all are there."""
        self._outcomes[number] = error
        self._settled.append(number)
        if len(self._settled) == len(self._outcomes):
            try:
                self._loop.call_soon_threadsafe(self._all_settled.set)
            except RuntimeError:
                # The loop is closed: nobody is left to hear it.
                return

    async def wait(self, seconds: float) -> Sequence[KafkaError | None]:
        """The outcomes, when all are there or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._all_settled.wait()
        return list(self._outcomes)
