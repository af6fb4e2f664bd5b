"""Following the event streams of a controller."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import orjson

from skalds.client.event_parser import EventParser
from skalds.errors import ControllerUnreachable, SkaldsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from skalds.client.connection import Connection

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0

Json = dict[str, Any]


class EventCalls:
    """Listens to what happens, across lost connections and restarts of the controller."""

    def __init__(self, connection: Connection) -> None:
        self._events_connection = connection

    async def events(self, of: Literal["tasks", "skalds"] = "tasks", only: str | None = None) -> AsyncGenerator[Json]:
        """Every frame of a stream as its JSON, without end; with `only`, those about that task or node.

        The first is `connection`: from then on nothing is missed. When a connection is lost, the next one resumes
        where it ended. Where that is not possible a frame of type `reset` says so: read again what you follow.
        Raises `ControllerUnreachable` only if the first connection fails; end it with `asyncio.timeout` or `break`.
        """
        query = {} if only is None else {"task_id" if of == "tasks" else "skald_id": only}
        parser = EventParser()
        connected, pause = False, _FIRST_PAUSE
        while True:
            parser.begin_again()
            try:
                async with self._events_connection.stream(f"/api/events/{of}", query, parser.last_id) as chunks:
                    connected, pause = True, _FIRST_PAUSE
                    async for chunk in chunks:
                        for data in parser.feed(chunk):
                            yield orjson.loads(data)
            except SkaldsError as error:
                if not (connected and _passes(error)):
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _passes(error: SkaldsError) -> bool:
    """Whether trying again can help: the controller is away, starting, or in trouble of its own."""
    return isinstance(error, ControllerUnreachable) or int(str(error.fields.get("status", 500))) >= 500
