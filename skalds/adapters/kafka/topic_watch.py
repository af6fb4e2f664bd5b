"""The sender's knowledge of the topics, renewed while it lasts and at once when it is in doubt."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from confluent_kafka import KafkaError

from skalds.adapters.kafka.error_mapping import DRIVER_ERRORS, TOO_LARGE, mapped
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.kafka.outage import Outage
from skalds.adapters.kafka.partitions import Partitions
from skalds.adapters.kafka.sender import Sender
from skalds.adapters.kafka.topics import find_partitions
from skalds.errors import SkaldsError

_RETRY_SECONDS = 0.5


class TopicWatch:
    """Asks the brokers again and again, so that sending never has to.

        look ──► they answer: `partitions` is known, look again in a minute or when somebody doubts
             └─► they do not: `partitions` is None, look again in half a second

    While `partitions` is None nothing is sent: an outage costs each caller nothing, instead of a time-out each.
    """

    def __init__(self, options: KafkaOptions, sender: Sender) -> None:
        self._options = options
        self._sender = sender
        self._outage = Outage("sender", options.address)
        self._known = Partitions({})
        self._in_doubt = asyncio.Event()
        self._looked = asyncio.Event()
        self._task = asyncio.create_task(self._watch(), name="kafka.topics")

    async def partitions(self) -> Partitions | None:
        """What is known now; None while the brokers do not answer. Only the very first look is waited for, and once."""
        try:
            async with asyncio.timeout(self._options.delivery_seconds):
                await self._looked.wait()
        except TimeoutError:
            self._outage.begin(self._sender.refusal or "no answer yet")
            self._looked.set()
        return None if self._outage.is_on else self._known

    def take_outcomes(self, outcomes: Sequence[KafkaError | None]) -> None:
        """What was lost makes us look at once; if nothing arrived, nothing more is sent before the brokers answer."""
        lost = [error for error in outcomes if error is not None and error.code() not in TOO_LARGE]
        if lost and len(lost) == len(outcomes):
            self._outage.begin(self._sender.refusal or lost[0].str())
        if lost:
            self._in_doubt.set()

    async def close(self) -> None:
        """Stops looking."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._looked.set()

    async def _watch(self) -> None:
        while True:
            await self._look()
            self._looked.set()
            is_settled = not self._outage.is_on and not self._known.leaderless
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.renew_seconds if is_settled else _RETRY_SECONDS):
                    await self._in_doubt.wait()
            self._in_doubt.clear()

    async def _look(self) -> None:
        try:
            found = await asyncio.to_thread(find_partitions, self._sender.producer, self._options)
        except DRIVER_ERRORS as error:
            self._outage.begin(self._sender.refusal or mapped(error, self._options))
        except SkaldsError as error:
            self._outage.begin(error)
        else:
            self._known = found.after(self._known)
            self._outage.end()
