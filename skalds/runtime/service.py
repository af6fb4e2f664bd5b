"""Parts of a process that run from start to stop, alone and in groups.

start, in order       A → B → C          C fails to start: stop B, A; raise
wait                  until told to stop, or the first crash
stop, in reverse      C → B → A          each has its turn, whatever the others do
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from skalds.runtime.log_setup import log_event


class Service(Protocol):
    """Something that runs between `start` and `stop`; `stop` may be called whatever has become of it."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@runtime_checkable
class CanCrash(Protocol):
    """A service with work of its own that may end without having been told to."""

    async def wait_ended(self) -> None:
        """Returns once the work has ended; raises what ended it."""
        ...


class ServiceGroup:
    """Starts services in order, watches them, stops them in reverse; is a service itself."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._services = tuple(services)
        self._started: list[Service] = []

    async def start(self) -> None:
        for service in self._services:
            # Noted before it starts: one that fails half-way has something to stop as well.
            self._started.append(service)
            try:
                await service.start()
            except BaseException:
                await self.stop()
                raise

    async def stop(self) -> None:
        """Stops everything that was started; a failure of one is logged and does not keep the others running."""
        while self._started:
            service = self._started.pop()
            try:
                await service.stop()
            except Exception as error:
                log_event("ERROR", "service.stop_failed", service=type(service).__name__, error=error)

    async def wait_ended(self) -> None:
        """Returns when the first service ends by itself, or raises its crash; waits for ever if none can."""
        watched = [service for service in self._started if isinstance(service, CanCrash)]
        if not watched:
            await asyncio.Event().wait()
        watchers = [asyncio.ensure_future(service.wait_ended()) for service in watched]
        try:
            ended, _ = await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
            for watcher in ended:
                watcher.result()
        finally:
            await cancel_all(watchers)

    async def run_until(self, stop: asyncio.Event) -> None:
        """The whole life: start, wait for `stop` or the first crash, stop; raises the crash.

        A start that takes long ends at `stop` too.
        """
        waits = [asyncio.ensure_future(self._live()), asyncio.ensure_future(stop.wait())]
        try:
            ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in ended:
                wait.result()
        finally:
            await cancel_all(waits)
            await self.stop()

    async def _live(self) -> None:
        await self.start()
        await self.wait_ended()


async def cancel_all(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancels what still runs and waits until all of it has ended."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
