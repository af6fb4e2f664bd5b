"""`SkaldsClient`: everything the public API can do, as async Python."""

from typing import Self

import httpx

from skalds.client.connection import Connection
from skalds.client.system_calls import SystemCalls
from skalds.client.task_calls import TaskCalls

DEFAULT_URL = "http://127.0.0.1:8000"


class SkaldsClient(TaskCalls, SystemCalls):
    """Speaks to one System Controller; use it with `async with`.

    Raises the errors of `skalds.errors` that the controller tells, `OutcomeUnknown` if it was sent something and did
    not answer, and `SkaldsError` if it cannot be reached.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str = "",
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(Connection(url, token, timeout, transport))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._connection.close()
