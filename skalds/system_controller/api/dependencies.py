"""What the API needs of the controller it belongs to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from skalds.config.system_controller_config import SystemControllerConfig
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.ids import Ids
from skalds.system_controller.attachments.attachments_check import AttachmentsCheck
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.events.live_events import LiveEvents
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.operations.audit import API
from skalds.system_controller.policy_book import PolicyBook


class OpenStreams:
    """The event streams being served; `close` ends them all, so that none holds up a shutdown."""

    def __init__(self) -> None:
        self._ends: set[Callable[[], None]] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._ends)

    @contextmanager
    def opened(self, end: Callable[[], None]) -> Iterator[None]:
        """Counts a stream while the context lasts; `end` is called when it has to end."""
        self._ends.add(end)
        try:
            if self._is_closed:
                end()
            yield
        finally:
            self._ends.discard(end)

    def close(self) -> None:
        self._is_closed = True
        for end in list(self._ends):
            end()


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The parts of one controller that requests use; `dispatcher` is None where the controller's mode has none.

    `loopback_only`: without a token, only requests that name this machine as `Host` are answered.
    """

    engine: Engine
    cluster: Cluster
    events: LiveEvents
    dispatcher: Dispatcher | None
    clock: Clock
    ids: Ids
    settings: SystemControllerConfig
    policies: PolicyBook
    picture: ClusterPicture
    loopback_only: bool = True
    streams: OpenStreams = field(default_factory=OpenStreams)
    started_at: float = field(init=False)
    """Monotonic seconds at which the API was put together."""
    attachments: AttachmentsCheck = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", self.clock.monotonic())
        object.__setattr__(self, "attachments", AttachmentsCheck(self.cluster.fleet))


async def _parts_of(request: Request) -> ApiParts:
    return cast("ApiParts", request.app.state.parts)


Parts = Annotated[ApiParts, Depends(_parts_of)]
"""Annotate a parameter of a route with this to get the controller's parts."""


async def _actor_of(request: Request) -> str:
    return f"{API}@{request.client.host}" if request.client is not None else API


Actor = Annotated[str, Depends(_actor_of)]
"""Annotate a parameter of a route with this to get, for the audit log, who asks; never a token."""
