"""One ring at a later moment, which can be moved."""

import asyncio
from collections.abc import Callable

from skalds.ports.clock import Clock


class Alarm:
    """Calls `ring` once when the set time has passed; setting it again replaces what was set."""

    def __init__(self, ring: Callable[[], None], clock: Clock) -> None:
        self._ring = ring
        self._clock = clock
        self._waiting: asyncio.Task[None] | None = None

    def set(self, seconds: float | None) -> None:
        """Rings in `seconds`, or not at all for None."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if seconds is None else asyncio.create_task(self._wait(seconds), name="alarm")

    async def _wait(self, seconds: float) -> None:
        await self._clock.sleep(max(0.0, seconds))
        self._ring()
