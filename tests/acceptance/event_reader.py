"""Clients of event streams of a real controller, in one thread together; some never read."""

import asyncio
import json
import socket
import threading
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from skalds.testing.waiting import wait_for

Json = dict[str, Any]


class EventReader:
    """Reads one stream as a browser would, without coming back by itself."""

    def __init__(self, address: str, path: str, last_id: str = "") -> None:
        self.values: list[Json] = []
        self.ids: list[str] = []
        self.last_id = last_id
        self.has_ended = False
        parts = urlsplit(address)
        self._place = parts.hostname, parts.port
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self._request = f"GET /api/events/{path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{resume}\r\n".encode()

    def of_type(self, kind: str, subject: str | None = None) -> list[Json]:
        """The values of this type so far, about this task or node."""
        about = [value for value in list(self.values) if value["type"] == kind]
        return [v for v in about if subject in (None, v.get("taskId"), v.get("skaldId"))]

    def statuses(self, task_id: str) -> list[str]:
        """The statuses of a task in the order they were told."""
        return [value["data"]["lifecycleStatus"] for value in self.of_type("task_status", task_id)]

    def wait_for(self, kind: str, subject: str | None = None, **data: Any) -> Json:
        """Waits for a value of this type with this data; returns it."""

        def look() -> list[Json]:
            return [v for v in self.of_type(kind, subject) if data.items() <= v.get("data", {}).items()]

        return wait_for(look)[0]

    async def follow(self) -> None:
        """Reads to the end of the connection."""
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            writer.write(self._request)
            await reader.readuntil(b"\r\n\r\n")
            rest = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                rest += (await reader.readexactly(size + 2))[:-2]
                *blocks, rest = rest.split(b"\n\n")
                for block in blocks:
                    self._take(block.decode())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.has_ended = True
            writer.transport.abort()

    async def stall(self) -> None:
        """Asks, and never reads."""
        connected = socket.socket()
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.setblocking(False)
        with connected:
            loop = asyncio.get_running_loop()
            await loop.sock_connect(connected, self._place)
            await loop.sock_sendall(connected, self._request)
            await asyncio.Event().wait()

    def _take(self, block: str) -> None:
        for line in block.split("\n"):
            name, _, text = line.partition(": ")
            if name == "data":
                self.values.append(json.loads(text))
            elif name == "id":
                self.last_id = text
                self.ids.append(text)


@contextmanager
def in_background(works: Sequence[Coroutine[Any, Any, None]]) -> Iterator[None]:
    """Runs them all in one thread, and cancels them when the context is left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    running = [asyncio.run_coroutine_threadsafe(work, loop) for work in works]
    try:
        yield
    finally:
        for one in running:
            one.cancel()
        asyncio.run_coroutine_threadsafe(_settle(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _settle() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def reading(address: str, path: str, last_id: str = "") -> Iterator[EventReader]:
    """A reader that is connected."""
    reader = EventReader(address, path, last_id)
    with in_background([reader.follow()]):
        reader.wait_for("connection")
        yield reader
