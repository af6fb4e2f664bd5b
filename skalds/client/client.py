"""`SkaldsClient`: everything the public API can do, as async Python."""

from typing import Self

import httpx

from skalds.client.connection import Connection
from skalds.client.control import DispatchCalls, FleetCalls, PolicyCalls
from skalds.client.event_calls import EventCalls
from skalds.client.json_client import DEFAULT_URL as DEFAULT_URL
from skalds.client.system_calls import SystemCalls
from skalds.client.task_calls import TaskCalls
from skalds.client.task_requests import TaskRequests


class SkaldsClient(TaskCalls, SystemCalls, DispatchCalls, PolicyCalls, FleetCalls, EventCalls):
    """Speaks to one System Controller; use it with `async with`.

    Raises the errors of `skalds.errors` that the controller tells, `OutcomeUnknown` if it was sent something and did
    not answer, and `ControllerUnreachable` if it cannot be reached.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str = "",
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        connection = Connection(url, token, timeout, transport)
        TaskCalls.__init__(self, TaskRequests(connection))
        SystemCalls.__init__(self, connection)
        DispatchCalls.__init__(self, connection)
        PolicyCalls.__init__(self, connection)
        FleetCalls.__init__(self, connection)
        EventCalls.__init__(self, connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._connection.close()
