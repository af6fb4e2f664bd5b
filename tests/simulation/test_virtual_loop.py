"""Time passes only when nothing else is left to do, order comes from the seed, and a halted process does nothing."""

import asyncio
import time
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

import pytest

from skalds.testing.simulation.virtual_loop import OWNER, Process, Stuck, VirtualLoop, chance

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], seed: int = 1, loop: VirtualLoop | None = None) -> T:
    loop = loop or VirtualLoop(chance(seed))
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def as_process(process: Process) -> Context:
    context = copy_context()
    context.run(OWNER.set, process)
    return context


def test_a_day_passes_at_once() -> None:
    async def sleep() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run(sleep()) == 86_400
    assert time.monotonic() - began < 5


def test_sleepers_wake_in_order_of_their_moments() -> None:
    async def all_of_them() -> list[int]:
        woken: list[int] = []

        async def sleeper(seconds: int) -> None:
            await asyncio.sleep(seconds)
            woken.append(seconds)

        await asyncio.gather(*(sleeper(seconds) for seconds in (3, 1, 2)))
        return woken

    assert run(all_of_them()) == [1, 2, 3]


async def arrivals() -> list[int]:
    arrived: list[int] = []

    async def arrive(number: int) -> None:
        arrived.append(number)

    await asyncio.gather(*(arrive(number) for number in range(20)))
    return arrived


def test_order_comes_from_the_seed() -> None:
    assert run(arrivals(), seed=1) == run(arrivals(), seed=1) != run(arrivals(), seed=2)


def test_halted_process_does_nothing_until_it_is_resumed() -> None:
    loop = VirtualLoop(chance(1))
    process = loop.process("p")
    moments: list[float] = []

    async def tick() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            moments.append(loop.time())

    async def scenario() -> None:
        ticking = loop.create_task(tick(), context=as_process(process))
        await asyncio.sleep(1.5)
        process.halted = True
        await asyncio.sleep(10)
        loop.resume(process)
        await ticking

    run(scenario(), loop=loop)

    assert moments == [1, 11.5, 12.5]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_waiting_for_nothing_is_noticed() -> None:
    loop = VirtualLoop(chance(1))
    waiting = loop.create_task(asyncio.Event().wait())
    with pytest.raises(Stuck):
        loop.run_until_complete(asyncio.shield(waiting))
    waiting.cancel()
    loop.run_until_complete(asyncio.wait([waiting]))
    loop.close()
