"""Serves the API on a socket that is bound before anything else starts."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from skalds.errors import ConfigurationError
from skalds.runtime.log_setup import log_event
from skalds.system_controller.api.bounded_head import BoundedHead
from skalds.system_controller.api.event_stream import CONNECTION, Connection

if TYPE_CHECKING:
    from skalds.system_controller.api.dependencies import ApiParts

_BACKLOG = 2048
_PATIENCE_SECONDS = 5
"""How long open requests may take to end once the server stops."""


class ListeningSocket:
    """A socket that accepts connections already; port 0 takes a free one and `url` tells which.

    Raises `ConfigurationError` naming the setting that is wrong.
    """

    def __init__(self, host: str, port: int) -> None:
        self.socket = _bind(host, port)
        address = self.socket.getsockname()
        self.host, self.port = str(address[0]), int(address[1])

    @property
    def url(self) -> str:
        """Where it is reached; one bound to every address is reached at the loopback one."""
        host = self.host
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def close(self) -> None:
        self.socket.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError("SYSTEM_CONTROLLER_HOST", host, "an address of this machine") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # Listening already: a second process that binds the same port fails now and not later.
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _not_bound(host, port, error) from error
    listening.setblocking(False)
    return listening


def _not_bound(host: str, port: int, error: OSError) -> ConfigurationError:
    match error.errno:
        case errno.EADDRINUSE:
            return ConfigurationError(
                "SYSTEM_CONTROLLER_PORT", port, "a port nobody uses (this one is taken); 0 finds one"
            )
        case errno.EACCES:
            return ConfigurationError(
                "SYSTEM_CONTROLLER_PORT", port, "a port this user may bind, such as 1024 or above"
            )
        case _:
            return ConfigurationError("SYSTEM_CONTROLLER_HOST", host, "an address of this machine")


class HttpServer:
    """A service that answers on `listening`; stopping ends event streams at once and waits shortly for the rest."""

    def __init__(self, app: FastAPI, listening: ListeningSocket) -> None:
        parts: ApiParts = app.state.parts
        self._streams = parts.streams
        self._listening = listening
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_HttpProtocol,
                log_config=None,
                access_log=False,
                ws="none",
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_PATIENCE_SECONDS,
            )
        )
        self._log = _ServerLog(logging.WARNING)
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self._listening.url

    async def start(self) -> None:
        """Returns once requests are answered."""
        logging.getLogger("uvicorn").addHandler(self._log)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listening.socket]), name="http")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait([self._serving, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._serving.done():
            self._serving.result()
        log_event("INFO", "http.listening", url=self.url)

    async def stop(self) -> None:
        self._streams.close()
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait([self._serving])
        self._listening.close()
        logging.getLogger("uvicorn").removeHandler(self._log)

    async def wait_ended(self) -> None:
        if self._serving is not None:
            await asyncio.shield(self._serving)


class _ServerLog(logging.Handler):
    """Turns what uvicorn logs into events, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log_event(record.levelname, "http.server", message=record.getMessage().partition("\n")[0], error=error)


class _HttpProtocol(BoundedHead):
    """uvicorn's HTTP that lets event streams reach their connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][CONNECTION] = Connection(self.transport)


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to the process and tells when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()
