"""The clock of one simulated host: monotonic time of the loop, and wall time that may be wrong and jump."""

import asyncio

from skalds.ports.clock import Clock
from skalds.testing.builders import A_MOMENT
from skalds.testing.simulation.virtual_loop import VirtualLoop


class VirtualClock:
    """`Clock` over a virtual loop; `booted` shifts its monotonic time, `error_ms` its wall time."""

    def __init__(self, loop: VirtualLoop, booted: float = 0.0) -> None:
        self._loop = loop
        self._booted = booted
        self.error_ms = 0

    def wall_ms(self) -> int:
        return A_MOMENT + round(self._loop.time() * 1000) + self.error_ms

    def monotonic(self) -> float:
        return self._booted + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def jump_to_1970(self) -> None:
        """As after a reset of the clock's battery."""
        self.error_ms -= self.wall_ms()


_: type[Clock] = VirtualClock
