"""When Redis fails: nothing is concluded from it, nothing waits for it, and all is well soon after its return."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

import pytest

from skalds.adapters.redis.options import RedisOptions
from skalds.errors import StoreUnavailable
from skalds.model.node import Beat
from skalds.testing.services.redis_server import RedisServer
from tests.fault_proxy import Direction, FaultProxy
from tests.integration.redis.participant import Participant, opened

pytestmark = pytest.mark.integration


class _Pair(NamedTuple):
    controller: Participant
    node: Participant


@pytest.fixture
def own_options(own_redis: RedisServer) -> RedisOptions:
    return RedisOptions(url=own_redis.uri, read_seconds=0)


@pytest.fixture
def proxy(own_redis: RedisServer) -> Iterator[FaultProxy]:
    with FaultProxy(own_redis.port) as proxy:
        yield proxy


@pytest.fixture
def proxied(proxy: FaultProxy) -> RedisOptions:
    return RedisOptions(url=f"redis://{proxy.host}:{proxy.port}", read_seconds=0)


@asynccontextmanager
async def _connected(options: RedisOptions) -> AsyncIterator[_Pair]:
    """A controller that has heard a node."""
    async with opened(options, listens=True) as controller, opened(options) as node:
        await node.presence.beat(Beat("node-1", 7, 1))
        await controller.seen(bool)
        yield _Pair(controller, node)


async def _cannot_be_read(pair: _Pair) -> None:
    """In bounded time, and nobody is said to be gone."""
    async with asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await pair.controller.presence.presences()


async def _all_is_well(pair: _Pair, count: int) -> None:
    """The node goes on beating and tapping, and the controller hears both."""

    async def beat() -> None:
        for number in range(count, count + 1_000):
            await pair.node.presence.beat(Beat("node-1", 7, number))
            pair.node.wakeup.notify()
            await asyncio.sleep(0.1)

    beating = asyncio.create_task(beat())
    await pair.controller.seen(lambda seen: bool(seen) and seen[0].beat.count >= count)
    async with asyncio.timeout(30):
        for _ in range(3):
            await pair.controller.wakeup.wait()
    beating.cancel()


async def test_controller_and_node_start_without_redis(own_redis: RedisServer, own_options: RedisOptions) -> None:
    own_redis.kill()
    async with opened(own_options, listens=True) as controller, opened(own_options) as node:
        await node.presence.beat(Beat("node-1", 7, 1))
        node.wakeup.notify()
        await _cannot_be_read(_Pair(controller, node))
        own_redis.start()
        await _all_is_well(_Pair(controller, node), 2)


async def test_redis_is_killed_and_comes_back_empty(own_redis: RedisServer, own_options: RedisOptions) -> None:
    async with _connected(own_options) as pair:
        own_redis.kill()
        for _ in range(3):
            await pair.node.presence.beat(Beat("node-1", 7, 2))
            await _cannot_be_read(pair)
        own_redis.start()
        with pytest.raises(StoreUnavailable, match="lost"):
            await pair.controller.presence.presences()
        await _all_is_well(pair, 3)


async def test_redis_is_flushed(own_redis: RedisServer, own_options: RedisOptions) -> None:
    async with _connected(own_options) as pair:
        own_redis.flush()
        await _cannot_be_read(pair)
        assert list(await pair.controller.presence.presences()) == []
        await _all_is_well(pair, 2)


async def test_redis_is_frozen_and_goes_on(own_redis: RedisServer, own_options: RedisOptions) -> None:
    async with _connected(own_options) as pair:
        own_redis.pause()
        await pair.node.presence.beat(Beat("node-1", 7, 2))
        await _cannot_be_read(pair)
        own_redis.resume()
        await _all_is_well(pair, 3)


async def test_server_that_takes_no_writes_says_nothing_of_nodes(
    own_redis: RedisServer, own_options: RedisOptions
) -> None:
    async with _connected(own_options) as pair:
        with own_redis.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)
            await _cannot_be_read(pair)
            client.config_set("maxmemory", 0)
        await _all_is_well(pair, 2)


@pytest.mark.parametrize("bytes_before", [0, 1, 20, 60, 100])
async def test_connection_breaks_in_the_middle_of_an_answer(
    proxy: FaultProxy, proxied: RedisOptions, bytes_before: int
) -> None:
    async with _connected(proxied) as pair:
        proxy.reset_after(bytes_before, Direction.TO_CLIENT)
        seen = await pair.controller.seen(bool)
        assert [one.beat for one in seen] == [Beat("node-1", 7, 1)]
        proxy.reset_after(bytes_before, Direction.TO_SERVER)
        await _all_is_well(pair, 2)


async def test_slow_redis_is_not_waited_for(proxy: FaultProxy, proxied: RedisOptions) -> None:
    async with _connected(replace(proxied, command_seconds=0.3)) as pair:
        proxy.delay(5)
        async with asyncio.timeout(3):
            with pytest.raises(StoreUnavailable):
                await pair.controller.presence.presences()
            for count in range(2, 100):
                await pair.node.presence.beat(Beat("node-1", 7, count))
                pair.node.wakeup.notify()
        proxy.heal()
        await _all_is_well(pair, 100)


async def test_connection_that_passes_nothing_is_given_up(proxy: FaultProxy, proxied: RedisOptions) -> None:
    async with _connected(proxied) as pair:
        proxy.stall()
        async with asyncio.timeout(30):
            # That the subscription is lost is a tap too.
            await pair.controller.wakeup.wait()
        await _cannot_be_read(pair)
        proxy.heal()
        await _all_is_well(pair, 2)


async def test_end_without_redis_is_in_bounded_time(own_redis: RedisServer, own_options: RedisOptions) -> None:
    async with asyncio.timeout(20), _connected(own_options) as pair:
        pair.node.presence.hold("node-1", 7)
        own_redis.pause()
        await pair.node.presence.beat(Beat("node-1", 7, 2))
        pair.node.wakeup.notify()
    own_redis.resume()
