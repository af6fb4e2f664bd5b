"""A periodic duty runs on time, when woken, never twice at once, and survives its own failures."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.runtime.periodic import Periodic
from skalds.testing.fake_clock import FakeClock


class Duty:
    """Notes when it runs; fails or blocks when told to."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.runs: list[float] = []
        self.failing = False
        self.gate: asyncio.Event | None = None
        self.running = 0
        self.most_running = 0

    async def run_once(self) -> None:
        self.runs.append(self.clock.monotonic())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failing:
                raise ValueError("as told")
        finally:
            self.running -= 1


def periodic(clock: FakeClock, run_once: Callable[[], Awaitable[object]], seconds: float = 5) -> Periodic:
    return Periodic(run_once, timedelta(seconds=seconds), clock, name="duty")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def duty(clock: FakeClock) -> Duty:
    return Duty(clock)


async def test_it_runs_at_once_and_then_every_interval(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    await loop.start()
    await clock.advance(12)
    await loop.stop()

    assert duty.runs == [0, 5, 10]


async def test_wake_starts_a_run_early_and_the_interval_counts_from_there(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    await loop.start()
    await clock.advance(2)
    loop.wake()
    loop.wake()
    await clock.advance(6)
    await loop.stop()

    assert duty.runs == [0, 2, 7]


async def test_new_interval_holds_from_a_run_on_that_it_starts(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once, seconds=3_600)
    await loop.start()
    await clock.advance(1)
    loop.set_interval(timedelta(seconds=2))
    await clock.advance(5)
    await loop.stop()

    assert duty.runs == [0, 1, 3, 5]


async def test_it_tells_whether_a_run_was_asked_for_that_has_not_begun(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    duty.gate = asyncio.Event()
    await loop.start()
    await clock.settle()
    told = [loop.is_woken]
    loop.wake()
    await clock.settle()
    told.append(loop.is_woken)
    duty.gate.set()
    await clock.settle()
    told.append(loop.is_woken)
    await loop.stop()

    assert (told, len(duty.runs)) == ([False, True, False], 2)


async def test_wakes_during_a_run_start_one_run_after_it(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    duty.gate = asyncio.Event()
    await loop.start()
    await clock.settle()
    loop.wake()
    loop.wake()
    await clock.advance(1)
    assert (len(duty.runs), duty.most_running) == (1, 1)

    duty.gate.set()
    await clock.settle()
    await loop.stop()

    assert (duty.runs, duty.most_running) == ([0, 1], 1)


async def test_duty_that_wakes_itself_leaves_the_loop_to_others(clock: FakeClock) -> None:
    runs = 0

    async def run_once() -> None:
        nonlocal runs
        runs += 1
        loop.wake()

    loop = periodic(clock, run_once)
    await loop.start()
    await clock.settle()
    await loop.stop()

    assert 1 < runs < 50


async def test_failure_is_logged_and_retried_with_growing_pauses(
    clock: FakeClock, duty: Duty, events: list[str]
) -> None:
    loop = periodic(clock, duty.run_once)
    duty.failing = True
    await loop.start()
    await clock.advance(0.75)
    await loop.stop()

    assert duty.runs == pytest.approx([0, 0.1, 0.3, 0.7])
    assert events == ["duty.failed"] * 4


@pytest.mark.usefixtures("events")
async def test_pause_after_failures_is_bounded_and_ends_with_success(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    duty.failing = True
    await loop.start()
    await clock.advance(1000)
    assert duty.runs[-1] - duty.runs[-2] == pytest.approx(2)

    duty.failing = False
    await clock.advance(10)
    duty.runs.clear()
    await clock.advance(20)
    await loop.stop()

    assert [later - earlier for earlier, later in pairwise(duty.runs)] == pytest.approx([5, 5, 5])


@pytest.mark.usefixtures("events")
async def test_waking_a_failing_duty_does_not_make_it_spin(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    duty.failing = True
    await loop.start()
    for _ in range(10):
        loop.wake()
        await clock.settle()
    await loop.stop()

    assert duty.runs == [0]


async def test_stop_waits_for_the_current_run(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    duty.gate = asyncio.Event()
    await loop.start()
    await clock.settle()
    stopping = asyncio.create_task(loop.stop())
    await clock.settle()
    assert not stopping.done()

    duty.gate.set()
    await stopping
    await clock.advance(100)

    assert (duty.runs, duty.running) == ([0], 0)


async def test_stop_ends_the_wait_at_once_and_leaves_nobody_sleeping(clock: FakeClock, duty: Duty) -> None:
    loop = periodic(clock, duty.run_once)
    await loop.start()
    await clock.settle()

    await loop.stop()

    assert clock.sleepers == 0
    await loop.wait_ended()


async def test_duty_may_stop_its_own_loop(clock: FakeClock) -> None:
    async def run_once() -> None:
        await loop.stop()

    loop = periodic(clock, run_once)
    await loop.start()

    await loop.wait_ended()


async def test_stop_before_start_is_harmless(clock: FakeClock, duty: Duty) -> None:
    await periodic(clock, duty.run_once).stop()

    assert duty.runs == []


async def test_broken_clock_ends_the_loop_instead_of_spinning(clock: FakeClock, duty: Duty) -> None:
    async def sleep(seconds: float) -> None:
        raise OSError("no timers left")

    clock.sleep = sleep  # type: ignore[method-assign]
    loop = periodic(clock, duty.run_once)
    await loop.start()

    with pytest.raises(OSError, match="no timers left"):
        await loop.wait_ended()
    assert duty.runs == [0]


@given(seed=st.integers(0, 1000), jitter=st.floats(0, 0.5))
def test_jitter_stays_within_its_share_of_the_interval(seed: int, jitter: float) -> None:
    async def scenario() -> list[float]:
        clock = FakeClock()
        duty = Duty(clock)
        loop = Periodic(
            duty.run_once, timedelta(seconds=10), clock, name="duty", jitter=jitter, rng=random.Random(seed)
        )
        await loop.start()
        await clock.advance(60)
        await loop.stop()
        return duty.runs

    runs = asyncio.run(scenario())
    gaps = [later - earlier for earlier, later in pairwise(runs)]
    assert all(10 * (1 - jitter) - 1e-6 <= gap <= 10 * (1 + jitter) + 1e-6 for gap in gaps)
