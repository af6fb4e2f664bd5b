"""Beats of nodes and what controllers see of them, on a single Redis and on a Cluster."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.redis.link import RedisLink
from skalds.adapters.redis.options import RedisOptions
from skalds.adapters.redis.presence import RedisPresence, hash_of
from skalds.errors import StoreUnavailable
from skalds.model.node import Beat, Presence
from skalds.testing import FakeClock
from tests.integration.redis.participant import Participant, opened

pytestmark = pytest.mark.integration

BEAT = Beat("node-1", 7, 3, live_tasks=2, draining=True, machine_load=0.5)


@pytest.fixture
async def controller(options: RedisOptions) -> AsyncIterator[Participant]:
    async with opened(options) as participant:
        yield participant


@pytest.fixture
async def node(options: RedisOptions) -> AsyncIterator[Participant]:
    async with opened(options) as participant:
        yield participant


async def test_latest_beat_is_seen(controller: Participant, node: Participant) -> None:
    assert list(await controller.presence.presences()) == []
    await node.presence.beat(BEAT)
    assert await controller.seen(bool) == [Presence(BEAT)]
    await node.presence.beat(replace(BEAT, count=4, machine_load=None))
    await controller.seen(lambda seen: seen == [Presence(replace(BEAT, count=4, machine_load=None))])


async def test_of_many_beats_the_newest_is_written(controller: Participant, node: Participant) -> None:
    for count in (*range(1_000), 500, 1):
        await node.presence.beat(Beat("node-1", 7, count))
    await controller.seen(lambda seen: [one.beat.count for one in seen] == [999])


async def test_sessions_of_one_process_do_not_push_each_other_out(controller: Participant, node: Participant) -> None:
    for session in range(1, 1_001):
        await node.presence.beat(Beat(f"node-{session}", session, 1))
    seen = await controller.seen(lambda seen: len(seen) == 1_000)
    assert [one.beat.session for one in seen] == list(range(1, 1_001))


async def test_clean_end_is_seen_with_the_last_beat(controller: Participant, node: Participant) -> None:
    node.presence.hold("node-1", 7)
    node.presence.hold("node-2", 8)
    await node.presence.beat(BEAT)
    await node.close()
    expected = [Presence(BEAT, exited=True), Presence(Beat("node-2", 8, 0), exited=True)]
    assert list(await controller.presence.presences()) == expected


async def test_session_that_left_is_forgotten(controller: Participant, node: Participant) -> None:
    node.presence.hold("node-1", 7)
    await node.presence.beat(BEAT)
    await node.presence.leave(7)
    await node.close()
    assert list(await controller.presence.presences()) == []


async def test_closed_sessions_are_removed_and_newer_ones_kept(controller: Participant, node: Participant) -> None:
    for session in (3, 5, 7, 9):
        await node.presence.beat(Beat("node", session, 1))
    await controller.seen(lambda seen: len(seen) == 4)
    await controller.presence.forget_all_but([5, 7])
    await controller.seen(lambda seen: [one.beat.session for one in seen] == [5, 7, 9])


async def test_nothing_is_removed_while_no_session_is_open(controller: Participant, node: Participant) -> None:
    await node.presence.beat(BEAT)
    await controller.seen(bool)
    await controller.presence.forget_all_but([])
    assert list(await controller.presence.presences()) == [Presence(BEAT)]


async def test_lost_hash_is_told_once_and_to_everybody(options: RedisOptions, controller: Participant) -> None:
    async with opened(options) as second:
        for one in (controller, second):
            assert list(await one.presence.presences()) == []
        await controller.link.execute("DEL", hash_of(controller.link))
        for one in (controller, second):
            with pytest.raises(StoreUnavailable, match="lost"):
                await one.presence.presences()
            assert list(await one.presence.presences()) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("7", "no JSON"),
        ("7", "[" * 3_000),
        ("7", "[]"),
        ("7", '{"node":"node-1"}'),
        ("7", '{"node":1,"count":1,"tasks":0,"draining":false,"load":null}'),
        ("7", '{"node":"n","count":true,"tasks":0,"draining":false,"load":null}'),
        ("7", '{"node":"n","count":-1,"tasks":0,"draining":false,"load":null}'),
        ("7", '{"node":"n","count":1,"tasks":0,"draining":0,"load":null}'),
        ("7", '{"node":"n","count":1,"tasks":0,"draining":false,"load":"high"}'),
        ("7", '{"node":"n","count":99999999999999999999,"tasks":0,"draining":false,"load":null}'),
        ("7", "x" * 1_000_000),
        ("seven", '{"node":"n","count":1,"tasks":0,"draining":false,"load":null}'),
        ("-7", '{"node":"n","count":1,"tasks":0,"draining":false,"load":null}'),
        ("9" * 40, '{"node":"n","count":1,"tasks":0,"draining":false,"load":null}'),
        ("", ""),
        (b"\xff\xfe", b"\xff"),
    ],
)
async def test_malformed_value_hides_nobody(
    controller: Participant, node: Participant, field: str | bytes, value: str | bytes
) -> None:
    await controller.link.execute("HSET", hash_of(controller.link), field, value)
    await node.presence.beat(replace(BEAT, session=8))
    assert await controller.seen(bool) == [Presence(replace(BEAT, session=8))]


async def test_other_kind_of_key_is_not_an_empty_fleet(controller: Participant) -> None:
    await controller.link.execute("SET", hash_of(controller.link), "text")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await controller.presence.presences()


async def test_hash_is_read_once_a_second_however_often_it_is_asked_for(options: RedisOptions) -> None:
    clock = FakeClock()
    link = await RedisLink.open(replace(options, read_seconds=1.0))
    presence = RedisPresence(link, clock, TimeOrderedIds(SystemClock()))
    other = await RedisLink.open(options)
    writer = RedisPresence(other, SystemClock(), TimeOrderedIds(SystemClock()))
    assert list(await presence.presences()) == []
    await writer.beat(BEAT)
    await writer.close()
    assert await asyncio.gather(*(presence.presences() for _ in range(100))) == [[]] * 100
    await clock.advance(1.0)
    assert list(await presence.presences()) == [Presence(BEAT, exited=True)]
    await link.close()
    await other.close()
