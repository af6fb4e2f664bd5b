"""What the API needs of the controller it belongs to."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.ids import Ids
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.monitor.dispatcher import Dispatcher


class OpenStreams:
    """The event streams being served; `close` ends them all, so that none holds up a shutdown."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._open = 0

    def __len__(self) -> int:
        return self._open

    def __enter__(self) -> None:
        self._open += 1

    def __exit__(self, *_: object) -> None:
        self._open -= 1

    def close(self) -> None:
        self._closing.set()

    async def wait_closing(self) -> None:
        await self._closing.wait()


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The parts of one controller that requests use; `dispatcher` is None where the controller's mode has none.

    `loopback_only`: without a token, only requests that name this machine as `Host` are answered.
    """

    engine: Engine
    cluster: Cluster
    dispatcher: Dispatcher | None
    clock: Clock
    ids: Ids
    settings: SystemControllerConfig
    loopback_only: bool = True
    streams: OpenStreams = field(default_factory=OpenStreams)
    started_at: float = field(init=False)
    """Monotonic seconds at which the API was put together."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", self.clock.monotonic())


async def _parts_of(request: Request) -> ApiParts:
    return cast("ApiParts", request.app.state.parts)


Parts = Annotated[ApiParts, Depends(_parts_of)]
"""Annotate a parameter of a route with this to get the controller's parts."""
