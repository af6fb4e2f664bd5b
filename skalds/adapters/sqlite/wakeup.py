"""A tap on the controller's shoulder."""

import asyncio

from skalds.adapters.sqlite.datagrams import TAPS, SocketFolder
from skalds.adapters.sqlite.hints import TAP
from skalds.ports.wakeup import Wakeup


class DatagramWakeup:
    """`Wakeup` by datagram; in the controller itself without one."""

    def __init__(self, folder: SocketFolder, *, is_controller: bool) -> None:
        self._folder = folder
        self._is_controller = is_controller
        self._tapped = asyncio.Event()

    def notify(self) -> None:
        if self._is_controller:
            self._tapped.set()
        else:
            self._folder.send(TAPS, TAP)

    def receive_tap(self, _message: bytes) -> None:
        """Something arrived at the controller's socket for taps; what it says does not matter."""
        self._tapped.set()

    async def wait(self) -> None:
        await self._tapped.wait()
        self._tapped.clear()


_: type[Wakeup] = DatagramWakeup
