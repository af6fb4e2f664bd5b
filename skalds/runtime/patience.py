"""Waiting for something outside to become reachable."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from skalds.errors import StoreUnavailable
from skalds.ports.clock import Clock
from skalds.runtime.service import cancel_all
from skalds.runtime.shutdown_signals import ShutdownRequest

T = TypeVar("T")

_RETRY_SECONDS = 0.25


async def open_patiently(
    attempt: Callable[[], Awaitable[T]],
    clock: Clock,
    shutdown: ShutdownRequest,
    tell: Callable[[StoreUnavailable], None],
) -> T | None:
    """What `attempt` opens, as soon as it can; None if told to shut down before. `tell` hears of the first failure.

    An attempt that is under way when the shutdown is asked for is cancelled, and has to clean up behind itself.
    """

    async def try_on() -> T:
        waiting = False
        while True:
            try:
                return await attempt()
            except StoreUnavailable as error:
                if not waiting:
                    tell(error)
                waiting = True
                await clock.sleep(_RETRY_SECONDS)

    trying, stop = asyncio.ensure_future(try_on()), asyncio.ensure_future(shutdown.wait())
    try:
        await asyncio.wait([trying, stop], return_when=asyncio.FIRST_COMPLETED)
        return trying.result() if trying.done() else None
    finally:
        await cancel_all([trying, stop])
