"""The calls about nodes, the dispatcher and the system as a whole."""

from collections.abc import Sequence
from typing import Any

from skalds.client.connection import Connection


class SystemCalls:
    """Reads how the system is doing and sets its dispatcher; answers are the API's JSON."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def dispatcher(self) -> dict[str, Any]:
        """How the dispatcher is set and what it does."""
        return _object(await self._connection.get("/api/dispatcher"))

    async def set_strategy(self, strategy: str | None) -> dict[str, Any]:
        """Switches the dispatcher's strategy; None goes back to the configured one. Returns its status."""
        return _object(await self._connection.put("/api/dispatcher", {"strategy": strategy}))

    async def nodes(self) -> Sequence[dict[str, Any]]:
        """The known nodes as the API shows them, by id."""
        return list((await self.node_list())["items"])

    async def node_list(self) -> dict[str, Any]:
        """The same with their number, as the API answers it."""
        return _object(await self._connection.get("/api/skalds/"))

    async def summary(self) -> dict[str, int]:
        """Counts of nodes and of tasks by status."""
        return _object(await self._connection.get("/api/system/dashboard/summary"))

    async def health(self) -> dict[str, Any]:
        """Whether the controller can work; raises `SkaldsError` with `status` 503 if it cannot."""
        return _object(await self._connection.get("/api/system/health"))


def _object(value: Any) -> dict[str, Any]:
    return dict(value)
