"""`JsonClient`: the requests of the public API, answered with its JSON as it came."""

from typing import Self

import httpx

from skalds.client.connection import Connection
from skalds.client.control import DispatchCalls, FleetCalls, PolicyCalls
from skalds.client.system_calls import SystemCalls
from skalds.client.task_requests import TaskRequests

DEFAULT_URL = "http://127.0.0.1:8000"


class JsonClient:
    """Speaks to one System Controller; use it with `async with`. Raises what `SkaldsClient` raises."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str = "",
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection(url, token, timeout, transport)
        self.tasks = TaskRequests(self._connection)
        self.system = SystemCalls(self._connection)
        self.dispatch = DispatchCalls(self._connection)
        self.policy = PolicyCalls(self._connection)
        self.fleet = FleetCalls(self._connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
