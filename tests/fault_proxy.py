"""A TCP proxy that fails on demand, between a client and a server that know nothing of it.

    client ──► FaultProxy ──► server

    cut     the server is gone: connections break, new ones are refused
    stall   the network is gone: connections are made and stay, nothing passes
    lose    the same in one direction
    delay   everything takes longer
    reset   connections break in the middle of something
    heal    all is well again

What a stall has held back passes when it is healed, as TCP would send it again.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self, TypeVar

from skalds.testing.services.ports import free_port
from skalds.testing.services.server import Server

T = TypeVar("T")

_LOOPBACK = "127.0.0.1"
_CHUNK = 65_536
_CHUNKS_UNDER_WAY = 64
_CALL_SECONDS = 10.0
# With this, closing a connection sends RST instead of FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class Direction(Enum):
    """A way through the proxy."""

    TO_SERVER = auto()
    TO_CLIENT = auto()


class FaultProxy:
    """Forwards one port to a server; it lives in a thread of its own, so that a blocked test does not stop it.

    Every call returns when it has taken effect.
    """

    def __init__(self, server_port: int, port: int = 0) -> None:
        self.host = _LOOPBACK
        self.port = port or free_port()
        self._server_port = server_port
        self._weather = _Weather()
        self._links: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        self._is_open = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"fault-proxy-{self.port}", daemon=True)

    @classmethod
    def before(cls, server: Server) -> Self:
        """A proxy for the clients of this server.

        Kafka tells its clients where to go on, so the proxy must be where it tells them, and there is room for one:
        take a broker of the test's own. MongoDB does that too, unless a client says `directConnection=true`.
        """
        return cls(server.endpoint.inner_port or server.port, server.endpoint.proxy_port)

    def __enter__(self) -> Self:
        self._thread.start()
        self.heal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Breaks every connection and refuses new ones."""
        self._call(self._cut())

    def stall(self) -> None:
        """Lets nothing pass, in either direction; connections are still accepted."""
        self.lose(*Direction)

    def lose(self, *directions: Direction) -> None:
        """Lets nothing pass in these directions."""
        self._call(self._weather.hold(directions))

    def delay(self, seconds: float, *directions: Direction) -> None:
        """Lets everything arrive later, in these directions or in both."""
        self._call(self._weather.slow_down(seconds, directions or tuple(Direction)))

    def reset(self) -> None:
        """Breaks every connection with RST; new ones are welcome."""
        self._call(self._reset())

    def reset_after(self, count: int, direction: Direction) -> None:
        """Breaks the connection that brings the number of bytes in this direction to `count`; with 0 at the next byte.

        Those bytes still arrive, the rest does not. It happens once.
        """
        self._call(self._weather.allow(count, direction))

    def heal(self) -> None:
        """Ends all of it."""
        self._call(self._heal())

    @property
    def connections(self) -> int:
        """How many connections there are at this moment."""
        return len(self._links)

    def _call(self, order: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(order, self._loop).result(_CALL_SECONDS)

    async def _heal(self) -> None:
        await self._weather.clear()
        if not self._is_open:
            self._is_open = True
            self._listener = await asyncio.start_server(self._serve, self.host, self.port)

    async def _cut(self) -> None:
        self._is_open = False
        if self._listener is not None:
            self._listener.close()
        await self._reset()

    async def _reset(self) -> None:
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        # Only `_reset` cancels it, and that is how a connection may end: before Python 3.12 asyncio asks the task of a
        # connection for its error without looking whether it was cancelled, and takes the answer for a fault.
        try:
            with suppress(asyncio.CancelledError):
                await self._connect(reader, writer)
        finally:
            self._links.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Passes everything on between the client and the server until one of them, or the weather, ends it."""
        writers = [writer]
        try:
            if not self._is_open:
                # It was accepted just before the cut.
                return
            await self._weather.passable(Direction.TO_SERVER)
            answers, requests = await asyncio.open_connection(_LOOPBACK, self._server_port)
            writers.append(requests)
            async with asyncio.TaskGroup() as pipes:
                pipes.create_task(_Pipe(self._weather, Direction.TO_SERVER, reader, requests).run())
                pipes.create_task(_Pipe(self._weather, Direction.TO_CLIENT, answers, writer).run())
            for each in writers:
                each.close()
        # One side has broken it, or `reset_after` has; the other side is to see the same.
        except* OSError:
            pass
        finally:
            for each in writers:
                _break(each)


class _Weather:
    """What the pipes have to reckon with; touched in the proxy's loop only."""

    def __init__(self) -> None:
        self._held: set[Direction] = set()
        self._delays: dict[Direction, float] = {}
        self._allowed: dict[Direction, int] = {}
        self._cleared = asyncio.Event()

    async def hold(self, directions: tuple[Direction, ...]) -> None:
        self._held |= set(directions)

    async def slow_down(self, seconds: float, directions: tuple[Direction, ...]) -> None:
        self._delays |= dict.fromkeys(directions, seconds)

    async def allow(self, count: int, direction: Direction) -> None:
        self._allowed[direction] = count

    async def clear(self) -> None:
        self._held.clear()
        self._delays.clear()
        self._allowed.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    async def passable(self, direction: Direction) -> None:
        while direction in self._held:
            await self._cleared.wait()

    def delay_of(self, direction: Direction) -> float:
        return self._delays.get(direction, 0.0)

    def spend(self, direction: Direction, count: int) -> int | None:
        """How many of these bytes may still pass before the connection breaks; nothing if it does not break."""
        allowed = self._allowed.pop(direction, None)
        if allowed is None or allowed <= count:
            return allowed
        self._allowed[direction] = allowed - count
        return None


class _Pipe:
    """One direction of one connection."""

    def __init__(
        self, weather: _Weather, direction: Direction, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        self._weather = weather
        self._direction = direction
        self._source = source
        self._sink = sink
        # Read ahead, so that a delay makes everything later but not less.
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)

    async def run(self) -> None:
        """Passes everything on, the end of it too."""
        # Only an empty buffer means that what was let through is out before a connection is broken.
        self._sink.transport.set_write_buffer_limits(0)
        async with asyncio.TaskGroup() as ends:
            ends.create_task(self._take())
            ends.create_task(self._give())

    async def _take(self) -> None:
        chunk = b"-"
        while chunk:
            chunk = await self._source.read(_CHUNK)
            due = asyncio.get_running_loop().time() + self._weather.delay_of(self._direction)
            await self._under_way.put((due, chunk))

    async def _give(self) -> None:
        while True:
            due, chunk = await self._under_way.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            await self._weather.passable(self._direction)
            if not chunk:
                break
            last = self._weather.spend(self._direction, len(chunk))
            self._sink.write(chunk[:last])
            await self._sink.drain()
            if last is not None:
                raise ConnectionResetError
        self._sink.write_eof()


def _break(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with RST; one that has been closed stays as it is."""
    if not writer.is_closing():
        connection: socket.socket = writer.get_extra_info("socket")
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
