"""Waits for taps on the controller's shoulder and passes each on."""

import asyncio
from collections.abc import Callable

from skalds.ports.wakeup import Wakeup
from skalds.runtime.service import cancel_all


class TapListener:
    """Calls `on_tap` for every tap, merged as the port merges them; a service."""

    def __init__(self, wakeup: Wakeup, on_tap: Callable[[], None]) -> None:
        self._wakeup = wakeup
        self._on_tap = on_tap
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._listening = asyncio.create_task(self._listen(), name="taps")

    async def stop(self) -> None:
        if self._listening is not None:
            await cancel_all([self._listening])

    async def wait_ended(self) -> None:
        if self._listening is not None:
            await asyncio.shield(self._listening)

    async def _listen(self) -> None:
        while True:
            await self._wakeup.wait()
            self._on_tap()
