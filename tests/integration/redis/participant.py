"""One process of the system, as far as it uses Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.redis.link import RedisLink
from skalds.adapters.redis.options import RedisOptions
from skalds.adapters.redis.presence import RedisPresence
from skalds.adapters.redis.wakeup import RedisWakeup
from skalds.errors import StoreUnavailable
from skalds.model.node import Presence


@dataclass
class Participant:
    """What an engine is made of; as much of it as the suite of `Wakeup` needs."""

    link: RedisLink
    presence: RedisPresence
    wakeup: RedisWakeup

    async def close(self) -> None:
        await self.presence.close()
        await self.wakeup.close()
        await self.link.close()

    async def seen(self, expected: Callable[[Sequence[Presence]], bool], seconds: float = 30) -> Sequence[Presence]:
        """Looks until it sees what is expected; what cannot be read is looked at again."""
        async with asyncio.timeout(seconds):
            while True:
                try:
                    presences = await self.presence.presences()
                except StoreUnavailable:
                    presences = ()
                if expected(presences):
                    return presences
                await asyncio.sleep(0.02)


@asynccontextmanager
async def opened(options: RedisOptions, *, listens: bool = False) -> AsyncIterator[Participant]:
    link = await RedisLink.open(options)
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    participant = Participant(link, RedisPresence(link, clock, ids), await RedisWakeup.open(link, ids, listens=listens))
    try:
        yield participant
    finally:
        await participant.close()
