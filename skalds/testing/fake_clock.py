"""A clock that stands until a test turns it."""

import asyncio
from heapq import heappop, heappush

from skalds.ports.clock import Clock

_ROUNDS_TO_SETTLE = 20


class FakeClock:
    """`Clock` whose time passes only in `advance`; sleepers wake in order of their moments."""

    def __init__(self, wall_ms: int = 1_750_000_000_000) -> None:
        self._wall_at_zero = wall_ms
        self._now = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._fallen_asleep = 0

    def wall_ms(self) -> int:
        return self._wall_at_zero + round(self._now * 1000)

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._fallen_asleep += 1
        heappush(self._sleepers, (self._now + seconds, self._fallen_asleep, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Lets time pass; whoever is due wakes at its own moment and runs until it waits again."""
        end = self._now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, woken = heappop(self._sleepers)
            self._now = max(self._now, moment)
            if not woken.done():
                woken.set_result(None)
                await self.settle()
        self._now = end

    async def settle(self) -> None:
        """Lets every coroutine that can go on do so, without time passing."""
        for _ in range(_ROUNDS_TO_SETTLE):
            await asyncio.sleep(0)

    def jump_wall(self, milliseconds: int) -> None:
        """Sets the wall clock forward or back; monotonic time does not notice."""
        self._wall_at_zero += milliseconds

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return sum(not woken.done() for _, _, woken in self._sleepers)


_: type[Clock] = FakeClock
