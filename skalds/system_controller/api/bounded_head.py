"""uvicorn's HTTP with what it lacks: heads of bounded size and time, errors as JSON, upgrades that are ignored."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from skalds.system_controller.api.error_mapping import HttpRefusal, refusal_response
from skalds.system_controller.api.request_guard import HEAD_TOO_LARGE, LARGEST_HEAD

HEAD_SECONDS = 20.0
"""How long a request may take from its first byte to the end of its headers."""

LINGER_SECONDS = 1.0
"""How long a refused connection stays open, so that its sender gets to see the answer."""

_MOST_DISCARDED = 16 * 1024 * 1024
_NOT_HTTP = HttpRefusal(400, "bad_request", "This is not a valid HTTP request")
_TOO_SLOW = HttpRefusal(408, "timeout", f"The request's head took longer than {HEAD_SECONDS:.0f} seconds")
# HTTP allows to ignore an upgrade; clients that know HTTP/2 ask for it with each first request.
_UPGRADING = (b"upgrade", b"connection", b"http2-settings")


class BoundedHead(HttpToolsProtocol):
    """Counts what arrives before a head is complete: the parser itself would keep a header of any size.

    The guard measures complete heads again, because one may arrive in a single piece together with its body.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = True
        self._head_size = 0
        self._discarded: int | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.url = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._discarded is not None:
            self._discard(len(data))
            return
        if self._in_head:
            self._head_size += len(data)
        self._feed(data)
        if self._in_head and self._head_size and not self.transport.is_closing():
            if self._head_size > LARGEST_HEAD:
                self._refuse(HEAD_TOO_LARGE)
            elif self._deadline is None:
                self._await_head()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head, self._head_size = True, 0

    def _feed(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError:
            self._refuse(HEAD_TOO_LARGE if len(self.url) > LARGEST_HEAD else _NOT_HTTP)

    def _parse(self, data: bytes) -> bytes:
        """Parses it up to a request for an upgrade, and returns that request without it and what follows."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError from None
            # To this parser whatever follows is no HTTP any more, not even the body of this very request.
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            return head + data[upgrade.args[0] :]
        return b""

    def _head_without_upgrade(self) -> bytes:
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = [(name, value) for name, value in self.headers if name not in _UPGRADING]
        if any(name == b"connection" and b"close" in value.lower() for name, value in self.headers):
            kept.append((b"connection", b"close"))
        return b"\r\n".join([line, *(b"%s: %s" % header for header in kept), b"", b""])

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answers and closes a little later: closing at once would tear down the answer with what still comes in."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        answer = refusal_response(refusal, "")
        lines = [f"HTTP/1.1 {refusal.status} Refused", "connection: close"]
        lines += [f"{name.decode()}: {value.decode()}" for name, value in answer.raw_headers]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + bytes(answer.body))
        self._discarded = 0
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _discard(self, size: int) -> None:
        self._discarded = (self._discarded or 0) + size
        if self._discarded > _MOST_DISCARDED:
            self.transport.close()
