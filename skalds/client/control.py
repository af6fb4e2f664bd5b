"""The calls by which operators steer a running system: dispatcher, tenants, limits, audit log, nodes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from skalds.client.connection import Connection
from skalds.errors import NotFound

Json = dict[str, Any]


class DispatchCalls:
    """Sets the dispatcher and asks what it would do; answers are the API's JSON."""

    def __init__(self, connection: Connection) -> None:
        self._dispatch_connection = connection

    async def change_dispatcher(self, changes: Mapping[str, Any]) -> Json:
        """Sets any of `strategy`, `interval` (s) and `paused`; None goes back to what is configured. The new status."""
        return dict(await self._dispatch_connection.put("/api/dispatcher", changes))

    async def run_dispatcher(self) -> Json:
        """Makes one pass now and returns what it did; raises `Conflict` where the controller may not."""
        return dict(await self._dispatch_connection.post("/api/dispatcher/run"))

    async def plan(self, supposing: Mapping[str, Any] | None = None) -> Json:
        """What the next pass would do, perhaps `supposing` another `strategy`, `nodes`, `labels` or `without`."""
        return dict(await self._dispatch_connection.post("/api/dispatcher/plan", orjson.dumps(dict(supposing or {}))))

    async def dump_pass(self) -> Json:
        """A fresh snapshot with the plan made of it, for `skalds.testing.replay`."""
        return dict(await self._dispatch_connection.get("/api/dispatcher/pass"))


class PolicyCalls:
    """Shares of tenants, limits of concurrency keys, and who changed what."""

    def __init__(self, connection: Connection) -> None:
        self._policy_connection = connection

    async def tenants(self) -> Json:
        """The tenants that were set or use something."""
        return dict(await self._policy_connection.get("/api/tenants"))

    async def set_tenant(self, tenant: str, changes: Mapping[str, Any]) -> Json:
        """Sets any of `weight`, `maxRunning` and `maxQueued`; None is the default."""
        return dict(await self._policy_connection.put(_path("tenants", "tenant", tenant), changes))

    async def unset_tenant(self, tenant: str) -> Json:
        """Back to the defaults."""
        return dict(await self._policy_connection.delete(_path("tenants", "tenant", tenant)))

    async def limits(self) -> Json:
        """The concurrency keys that were set or have something running."""
        return dict(await self._policy_connection.get("/api/limits"))

    async def set_limit(self, concurrency_key: str, limit: int) -> Json:
        """Sets how many tasks of the key may run at once."""
        return dict(await self._policy_connection.put(_path("limits", "key", concurrency_key), {"max": limit}))

    async def unset_limit(self, concurrency_key: str) -> Json:
        """Back to one task at a time."""
        return dict(await self._policy_connection.delete(_path("limits", "key", concurrency_key)))

    async def audit(self, limit: int = 50, before: int | None = None) -> Json:
        """What people changed, newest first; `before` asks for older entries."""
        query: dict[str, str | int] = {"limit": limit}
        if before is not None:
            query["before"] = before
        return dict(await self._policy_connection.get("/api/audit", query))


class FleetCalls:
    """What an operator says of nodes: their state, their labels, the slots they keep for urgent tasks."""

    def __init__(self, connection: Connection) -> None:
        self._fleet_connection = connection

    async def reservations(self) -> Json:
        """The slots kept for urgent tasks, by label of the nodes."""
        return dict(await self._fleet_connection.get("/api/reservations"))

    async def set_reservation(self, label: str, slots: int, priority: int) -> Json:
        """Keeps slots of each node with the label (name=value) for tasks of this priority or above."""
        changes = {"slots": slots, "priority": priority}
        return dict(await self._fleet_connection.put(_path("reservations", "label", label), changes))

    async def unset_reservation(self, label: str) -> Json:
        """Back to what each node says itself."""
        return dict(await self._fleet_connection.delete(_path("reservations", "label", label)))

    async def command_node(self, node_id: str, command: str) -> Json:
        """Cordons, uncordons or drains the node and returns it."""
        return dict(await self._fleet_connection.post(f"{_path('skalds', 'skald', node_id)}/{command}"))

    async def label_node(self, node_id: str, labels: Mapping[str, str | None]) -> Json:
        """Sets labels on top of the node's own: None takes one back, an empty text hides one of its own."""
        return dict(await self._fleet_connection.put(f"{_path('skalds', 'skald', node_id)}/labels", labels))


def _path(collection: str, kind: str, name: str) -> str:
    if name in ("", ".", ".."):  # would lead to another path
        raise NotFound(kind, name)
    return f"/api/{collection}/{quote(name, safe='')}"
