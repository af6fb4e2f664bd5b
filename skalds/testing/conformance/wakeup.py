# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `Wakeup`."""

import asyncio

from skalds.ports.engine import Engine


class WakeupSuite:
    """What `Wakeup` promises."""

    async def test_tap_of_another_process_wakes(self, engine: Engine, other: Engine) -> None:
        other.wakeup.notify()
        async with asyncio.timeout(5):
            await engine.wakeup.wait()

    async def test_own_tap_wakes(self, engine: Engine) -> None:
        waiting = asyncio.ensure_future(engine.wakeup.wait())
        await asyncio.sleep(0)
        engine.wakeup.notify()
        async with asyncio.timeout(5):
            await waiting

    async def test_taps_are_merged(self, engine: Engine) -> None:
        for _ in range(100):
            engine.wakeup.notify()
        await engine.wakeup.wait()
        again = asyncio.ensure_future(engine.wakeup.wait())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not again.done()
        again.cancel()

    async def test_tap_that_came_while_nobody_waited_is_kept(self, engine: Engine) -> None:
        engine.wakeup.notify()
        async with asyncio.timeout(5):
            await engine.wakeup.wait()

    async def test_flood_of_taps_raises_nothing(self, engine: Engine, other: Engine) -> None:
        for _ in range(1_000):
            other.wakeup.notify()
        async with asyncio.timeout(5):
            await engine.wakeup.wait()

    async def test_tap_without_a_controller_raises_nothing(self, engine: Engine, other: Engine) -> None:
        await engine.close()
        other.wakeup.notify()
