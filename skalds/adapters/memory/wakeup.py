"""A tap on the controller's shoulder."""

import asyncio

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.ports.wakeup import Wakeup


class MemoryWakeup:
    """`Wakeup` in memory: a tap reaches every participant of the world."""

    def __init__(self, store: MemoryStore) -> None:
        self._taps = store.taps
        self._tapped = asyncio.Event()
        self._taps.append(self._tapped)

    def notify(self) -> None:
        for tapped in self._taps:
            tapped.set()

    async def wait(self) -> None:
        await self._tapped.wait()
        self._tapped.clear()

    def close(self) -> None:
        """No longer listens."""
        if self._tapped in self._taps:
            self._taps.remove(self._tapped)


_: type[Wakeup] = MemoryWakeup
