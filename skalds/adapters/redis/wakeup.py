"""A tap on the controller's shoulder."""

import asyncio
from contextlib import suppress
from typing import Self

from redis.asyncio.client import PubSub

from skalds.adapters.redis.error_mapping import DRIVER_ERRORS
from skalds.adapters.redis.link import RedisLink
from skalds.errors import SkaldsError
from skalds.ports.ids import Ids
from skalds.ports.wakeup import Wakeup

_RETRY_SECONDS = 0.5
_QUIET_SECONDS = 2.0
"""After this long without a message a word is sent, and after as long without its answer the connection is given up."""


class RedisWakeup:
    """`Wakeup` by pub/sub: a tap reaches every controller; the one that taps hears itself without Redis.

        subscribed ──► taps … ──► connection lost: that is a tap ──► subscribed again: that is one too ──► …

    Between the two, taps of others are missed; what they were about is in the store by then.
    """

    def __init__(self, link: RedisLink, ids: Ids) -> None:
        self._link = link
        self._channel = f"{link.options.prefix}:taps"
        self._word = ids.new().encode()
        self._tapped = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._is_pending = False
        self._is_closed = False
        self._publishing: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, link: RedisLink, ids: Ids, *, listens: bool) -> Self:
        """A controller listens; it is ready when it is subscribed, or when Redis does not answer in time."""
        wakeup = cls(link, ids)
        if listens:
            wakeup._listening = asyncio.create_task(wakeup._listen(), name="redis.taps")
            with suppress(TimeoutError):
                async with asyncio.timeout(link.options.command_seconds):
                    await wakeup._subscribed.wait()
        return wakeup

    def tap(self) -> None:
        """Taps this process alone, for what it learnt otherwise."""
        self._tapped.set()

    def notify(self) -> None:
        self._tapped.set()
        self._is_pending = True
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish(), name="redis.tap")

    async def wait(self) -> None:
        await self._tapped.wait()
        self._tapped.clear()

    async def close(self) -> None:
        """Lets the last tap out, and no longer listens; idempotent."""
        if self._publishing is not None:
            await self._publishing
        # The driver now and then swallows a cancellation while it cleans up; then this ends the loop.
        self._is_closed = True
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _publish(self) -> None:
        while self._is_pending:
            self._is_pending = False
            with suppress(SkaldsError):
                # The link tells the log; controllers look by themselves too.
                await self._link.execute("PUBLISH", self._channel, self._word)

    async def _listen(self) -> None:
        while not self._is_closed:
            try:
                async with await self._link.subscribe(self._channel) as pubsub:
                    await self._hear(pubsub)
            except (SkaldsError, *DRIVER_ERRORS):
                self._tapped.set()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _hear(self, pubsub: PubSub) -> None:
        """Ends when nothing comes any more; raises when the connection says so itself."""
        is_asked = False
        while not self._is_closed:
            message = await pubsub.get_message(timeout=_QUIET_SECONDS)
            if message is not None:
                is_asked = False
                self._take(message)
            elif is_asked:
                self._tapped.set()
                return
            else:
                is_asked = True
                async with asyncio.timeout(self._link.options.command_seconds):
                    await pubsub.ping()

    def _take(self, message: dict[str, object]) -> None:
        match message["type"]:
            case "subscribe":
                # The driver subscribes again by itself when a connection broke.
                if self._subscribed.is_set():
                    self._tapped.set()
                self._subscribed.set()
            case "message" if message["data"] != self._word:
                self._tapped.set()


_: type[Wakeup] = RedisWakeup
