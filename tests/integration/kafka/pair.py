"""A dispatcher and a node, and what is expected of them whatever Kafka does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from skalds.adapters.kafka.event_bus import KafkaEventBus
from skalds.adapters.kafka.options import KafkaOptions
from skalds.ports.event_bus import BusMessage
from tests.integration.kafka.traffic import announce_until_sent, collecting, eventually, message, opened

BACK_WITHIN_SECONDS = 30
"""After the return of a server all is as before: within 10 s, but a machine that runs tests has more to do."""

SOON_SECONDS = 15
AT_ONCE_SECONDS = 2
"""Less than one message takes to be given up."""


class Pair(NamedTuple):
    sender: KafkaEventBus
    found: list[BusMessage]


@asynccontextmanager
async def connected(options: KafkaOptions) -> AsyncIterator[Pair]:
    """A dispatcher and a node that have talked already."""
    async with (
        opened(options) as sender,
        opened(options, sends=False) as node,
        node.listen("node-1") as inbox,
        collecting(inbox) as found,
    ):
        await announce_until_sent(sender, [message("node-1", "before")])
        await eventually(lambda: message("node-1", "before") in found)
        yield Pair(sender, found)


async def all_is_well(pair: Pair, word: str, seconds: float = BACK_WITHIN_SECONDS) -> None:
    """A new message is sent and heard in time."""
    async with asyncio.timeout(seconds):
        await announce_until_sent(pair.sender, [message("node-1", word)], seconds)
        await eventually(lambda: message("node-1", word) in pair.found, seconds)


async def announce_in_time(bus: KafkaEventBus, seconds: float) -> None:
    """Everything comes back, and soon."""
    lost = [message("node-1", "lost"), message("node-2", "lost")]
    async with asyncio.timeout(seconds):
        assert list(await bus.announce(lost)) == lost
