"""The clock of this machine."""

import asyncio
import time

from skalds.ports.clock import Clock


class SystemClock:
    """`Clock` of the operating system."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_: type[Clock] = SystemClock
