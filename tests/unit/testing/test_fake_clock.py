"""The clock that a test turns."""

import asyncio

import pytest

from skalds.testing import FakeClock


async def test_time_stands_until_it_is_turned() -> None:
    clock = FakeClock(wall_ms=1_000)
    await asyncio.sleep(0)
    assert (clock.wall_ms(), clock.monotonic()) == (1_000, 0.0)
    await clock.advance(1.5)
    assert (clock.wall_ms(), clock.monotonic()) == (2_500, 1.5)


async def test_sleepers_wake_in_order_at_their_own_moments() -> None:
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.ensure_future(sleep(*who)) for who in (("c", 3), ("a", 1), ("b", 1), ("z", 9), ("now", 0))]
    await clock.advance(5)
    assert woken == [("now", 0.0), ("a", 1.0), ("b", 1.0), ("c", 3.0)]
    assert clock.monotonic() == 5.0
    assert clock.sleepers == 1
    tasks[3].cancel()
    await asyncio.wait(tasks)
    assert clock.sleepers == 0


async def test_loop_that_sleeps_again_runs_as_often_as_time_allows() -> None:
    clock = FakeClock()
    beats: list[float] = []

    async def beat() -> None:
        while True:
            await clock.sleep(1)
            beats.append(clock.monotonic())

    beating = asyncio.ensure_future(beat())
    await clock.advance(3.5)
    assert beats == [1.0, 2.0, 3.0]
    beating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beating
    await clock.advance(5)
    assert beats == [1.0, 2.0, 3.0]


async def test_wall_clock_jumps_alone() -> None:
    clock = FakeClock(wall_ms=1_000)
    clock.jump_wall(-3_600_000)
    assert (clock.wall_ms(), clock.monotonic()) == (1_000 - 3_600_000, 0.0)
