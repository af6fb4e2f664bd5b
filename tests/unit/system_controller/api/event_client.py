"""A client of event streams on a plain socket: it decides itself when it reads."""

import asyncio
import socket
from typing import Any, Self

from tests.unit.system_controller.events.listening import Frame, read


class EventClient:
    """One connection to a stream; use it with `async with`."""

    def __init__(self, port: int, path: str, *, last_id: str = "", receive_buffer: int = 0) -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/event-stream\r\n"
        if last_id:
            self._request += f"Last-Event-ID: {last_id}\r\n"
        self._receive_buffer = receive_buffer
        self._frames: list[Frame] = []
        self._rest = b""
        self.head = ""
        self.last_id = last_id

    async def __aenter__(self) -> Self:
        connected = socket.socket()
        if self._receive_buffer:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", self._port))
        limit = self._receive_buffer or 2**16
        self._reader, self._writer = await asyncio.open_connection(sock=connected, limit=limit)
        self._writer.write(self._request.encode() + b"\r\n")
        self.head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.transport.abort()

    async def next(self) -> Frame:
        """The next frame, whatever it is; raises `ConnectionError` at the end of the stream."""
        while not self._frames:
            await self._read_chunk()
        frame = self._frames.pop(0)
        self.last_id = frame.id or self.last_id
        return frame

    async def next_value(self) -> dict[str, Any]:
        """The value of the next frame that has one."""
        while (value := (await self.next()).value) is None:
            pass
        return value

    async def until(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Values up to the `count`-th of this type."""
        values: list[dict[str, Any]] = []
        while count:
            values.append(await self.next_value())
            count -= values[-1]["type"] == kind
        return values

    async def until_cut(self) -> int:
        """Reads to the end of the connection; returns how many frames there were."""
        frames = 0
        try:
            while True:
                await self.next()
                frames += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            return frames

    async def _read_chunk(self) -> None:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        data = await self._reader.readexactly(size + 2)
        if not size:
            raise ConnectionError("the stream has ended")
        self._rest += data[:-2]
        whole, dashes, rest = self._rest.rpartition(b"\n\n")
        if dashes:
            self._frames += read(whole + dashes)
            self._rest = rest
