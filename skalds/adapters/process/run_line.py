"""The node's end of the line to one worker."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from loguru import logger

from skalds.adapters.process.wire import FrameBuffer, ProtocolBroken, decode_event, frame
from skalds.ports.worker_launcher import RunKey, WorkerEvent

_PORTION_BYTES = 65_536


class RunLine:
    """Hands the task and its updates to a worker, and the worker's events to `deliver`, in their order.

    What a worker sends is read only as fast as `deliver` takes it, one portion at a time; then the worker waits.
    Reading and writing fail apart from each other, so an update for a worker that has just ended costs none of its
    last words.
    """

    def __init__(self, key: RunKey, line: socket.socket, deliver: Callable[[WorkerEvent], Awaitable[None]]) -> None:
        self._key = key
        self._line = line
        self._deliver = deliver
        self._next_update: bytes | None = None
        self._writing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        line.setblocking(False)

    def start(self, request: bytes, on_broken: Callable[[], Awaitable[None]]) -> None:
        """Sends the task and begins to listen; `on_broken` is called if the worker says what no worker would."""
        self._writing = asyncio.create_task(self._write(frame(request)))
        self._reading = asyncio.create_task(self._read(on_broken))

    def update(self, payload: bytes) -> None:
        """Sends new attachments; those that a slow worker has not taken yet are replaced by newer ones."""
        self._next_update = frame(payload)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(b""))

    async def finish(self) -> None:
        """Delivers what the worker has left in the line; call it when all that could write is dead."""
        if sys.platform == "linux":
            # What was sent can still be read, then comes the end, even if the descriptor was handed to a stranger.
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
        tasks = [task for task in (self._reading, self._writing) if task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._line.close()

    async def _write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            await loop.sock_sendall(self._line, data)
            while (update := self._next_update) is not None:
                self._next_update = None
                await loop.sock_sendall(self._line, update)

    async def _read(self, on_broken: Callable[[], Awaitable[None]]) -> None:
        incoming = FrameBuffer()
        loop = asyncio.get_running_loop()
        try:
            with suppress(ConnectionError):
                while data := await loop.sock_recv(self._line, _PORTION_BYTES):
                    for payload in incoming.feed(data):
                        await self._deliver(decode_event(self._key, payload))
        except ProtocolBroken as error:
            key = self._key
            logger.bind(task=key.task_id, attempt=key.attempt, error=str(error)).error("worker.line_broken")
            await on_broken()
