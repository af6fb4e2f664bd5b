"""The suite of `Wakeup` on Redis, and what taps cost."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from skalds.adapters.redis.options import RedisOptions
from skalds.testing import conformance
from tests.integration.redis.participant import Participant, opened

pytestmark = pytest.mark.integration


@pytest.fixture
async def engine(options: RedisOptions) -> AsyncIterator[Participant]:
    async with opened(options, listens=True) as participant:
        yield participant


@pytest.fixture
async def other(options: RedisOptions, engine: Participant) -> AsyncIterator[Participant]:
    async with opened(options) as participant:
        yield participant


class TestWakeup(conformance.WakeupSuite):
    pass


async def test_every_controller_is_tapped(options: RedisOptions, engine: Participant, other: Participant) -> None:
    async with opened(options, listens=True) as second, asyncio.timeout(10):
        other.wakeup.notify()
        await engine.wakeup.wait()
        await second.wakeup.wait()


async def test_flood_of_taps_is_a_handful_of_messages(options: RedisOptions, other: Participant) -> None:
    async with await other.link.subscribe(f"{options.prefix}:taps") as pubsub, asyncio.timeout(10):
        for _ in range(1_000):
            other.wakeup.notify()
        await other.wakeup.close()
        await other.link.execute("PUBLISH", f"{options.prefix}:taps", "the end")
        words = []
        while b"the end" not in words:
            message = await pubsub.get_message(timeout=1)
            words += [message["data"]] if message is not None and message["type"] == "message" else []
    assert len(words) <= 3


async def test_own_tap_does_not_come_back(engine: Participant, other: Participant) -> None:
    async with asyncio.timeout(10):
        engine.wakeup.notify()
        await engine.wakeup.wait()
        await engine.wakeup.close()
    waiting = asyncio.ensure_future(engine.wakeup.wait())
    done, _ = await asyncio.wait([waiting], timeout=0.2)
    waiting.cancel()
    assert not done
