"""An answer that goes on: events of a subscription, until its client goes, is cut, or the controller stops."""

import asyncio
import socket
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from skalds.runtime.log_setup import log_event
from skalds.runtime.service import cancel_all
from skalds.system_controller.api.dependencies import OpenStreams
from skalds.system_controller.events.subscription import Subscription

CONNECTION = "skalds.connection"
"""Key of the `Connection` in the state of a scope."""

_SEND_BUFFER = 256 * 1024
_HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}

Open = Callable[[Callable[[], None]], Subscription]
"""Begins a subscription that calls the given function whenever there is something to send, and when it is cut."""


class Connection:
    """The connection under a request, as far as a stream needs it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    @property
    def has_unsent(self) -> bool:
        """Whether the kernel has not taken everything yet."""
        return self._transport.get_write_buffer_size() > 0

    def abort(self) -> None:
        """Drops it with everything not sent yet; an orderly end would wait for a reader that does not read."""
        self._transport.abort()

    def limit_send_buffer(self, size: int) -> None:
        """Left alone, the kernel would keep megabytes for a reader that does not read."""
        connected = self._transport.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)


class EventStream(Response):
    """Sends what `open_` subscribes to; `close` is called with the subscription in the end."""

    def __init__(self, open_: Open, close: Callable[[Subscription], None], streams: OpenStreams) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(_HEADERS)
        self._open = open_
        self._close = close
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Connection | None = scope.get("state", {}).get(CONNECTION)
        if connection is not None:
            connection.limit_send_buffer(_SEND_BUFFER)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writer = _Writer(self._open, send, connection)
        leaving = asyncio.create_task(_until_gone(receive, writer))
        try:
            with self._streams.opened(writer.end):
                await writer.run()
        finally:
            self._close(writer.subscription)
            await cancel_all([leaving])


class _Writer:
    """Carries bytes from a subscription to its connection, at the pace of the connection."""

    def __init__(self, open_: Open, send: Send, connection: Connection | None) -> None:
        self._send = send
        self._connection = connection
        self._changed = asyncio.Event()
        self._is_over = False
        self._is_sending = False
        self.subscription = open_(self.notice)

    async def run(self) -> None:
        while not (self._is_over or self.subscription.is_cut):
            data = self.subscription.take()
            if data:
                self._is_sending = True
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
                self._is_sending = False
            else:
                self._changed.clear()
                await self._changed.wait()
        if self.subscription.is_cut:
            log_event("INFO", "events.cut", key=self.subscription.key)
        if self._connection is not None and (self.subscription.is_cut or self._connection.has_unsent):
            self._connection.abort()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def notice(self) -> None:
        """The subscription has something to send, or is cut."""
        self._changed.set()
        if self._is_sending and self.subscription.is_cut:
            self._free()

    def end(self) -> None:
        """No more is to be sent."""
        self._is_over = True
        self._changed.set()
        if self._is_sending:
            self._free()

    def _free(self) -> None:
        """Ends a `send` that waits for its reader."""
        if self._connection is not None:
            self._connection.abort()


async def _until_gone(receive: Receive, writer: _Writer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    writer.end()
