"""A controller's API on a real socket, with everything that feeds its event streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from skalds.runtime.service import ServiceGroup
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from skalds.testing import a_task
from tests.unit.system_controller.api.event_client import EventClient
from tests.unit.system_controller.api.served import Served


class Streaming:
    """A controller's API on a socket, with everything that feeds its streams."""

    def __init__(self, api: Served) -> None:
        self.api = api
        self._listening = ListeningSocket("127.0.0.1", 0)
        self.port = self._listening.port

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serves until the context is left."""
        await self.api.tail.run_once()
        group = ServiceGroup([*self.api.parts.events.services(), HttpServer(self.api.app, self._listening)])
        await group.start()
        try:
            yield
        finally:
            await group.stop()

    def client(self, path: str = "/api/events/tasks", last_id: str = "", receive_buffer: int = 0) -> EventClient:
        return EventClient(self.port, path, last_id=last_id, receive_buffer=receive_buffer)

    async def submit(self, *names: str, length: int = 0) -> None:
        """Submits tasks and lets the controller read of it; long ids make large frames."""
        await self.api.engine.intake.submit([a_task(id=name.ljust(length, "x")) for name in names])
        await self.api.tail.run_once()

    async def told(self) -> None:
        """Waits until everything read of the feed has been published."""
        log = self.api.parts.events.tasks.broadcaster.log
        while log.position < self.api.tail.position:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)

    async def until_listeners(self, count: int) -> None:
        while len(self.api.parts.streams) != count:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)
