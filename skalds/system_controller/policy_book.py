"""`PolicyBook`: what operators granted at run time, kept in the settings of the store.

    tenant:<name>      {"weight", "maxRunning", "maxQueued"}
    limit:<key>        how many tasks of a concurrency key may run at once
    node:<id>          {"cordoned", "draining", "labels"}
    reserved:<label>   {"slots", "priority"} on every node with that label

Every controller reads the book again each second and after taps; whoever writes reads back at once.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from skalds.model.policy import NodePolicy, Policies, TenantPolicy
from skalds.model.reserved import Reserved
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.runtime.log_setup import log_event
from skalds.system_controller.operations.audit import API, AuditedChange, entry_of
from skalds.system_controller.policy_text import (
    KEY_PREFIX,
    NODE_PREFIX,
    RESERVATION_PREFIX,
    TENANT_PREFIX,
    key_text,
    label_text,
    node_text,
    read_policies,
    reservation_text,
    shown_node,
    shown_reservation,
    shown_tenant,
    tenant_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIXES = (TENANT_PREFIX, KEY_PREFIX, NODE_PREFIX, RESERVATION_PREFIX)


class PolicyBook:
    """The policies in force; each change is stored, audited and told to the controllers."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.changing = asyncio.Lock()
        """Held by whoever makes a new policy out of the present one."""
        self.listeners: list[Callable[[], None]] = []
        """Called after every change of the policies in force, whoever noticed it."""
        self._engine = engine
        self._clock = clock
        self._current = Policies()
        self._stored: dict[str, str] = {}
        self._readings = 0
        self._shown = 0

    @property
    def current(self) -> Policies:
        return self._current

    async def refresh(self) -> bool:
        """Reads the book again; says whether anything changed."""
        self._readings += 1
        reading = self._readings
        settings = await self._engine.settings.read()
        if reading < self._shown:
            return False  # one that began later has seen at least as much
        self._shown = reading
        stored = {name: text for name, text in settings.items() if name.startswith(_PREFIXES)}
        if stored == self._stored:
            return False
        self._current, unreadable = read_policies(stored)
        for name in unreadable:
            if self._stored.get(name) != stored[name]:
                log_event("WARNING", "policy.ignored", setting=name, value=stored[name])
        self._stored = stored
        for listener in self.listeners:
            listener()
        return True

    async def set_tenant(self, name: str, policy: TenantPolicy | None, actor: str = API) -> None:
        """Grants a tenant its share and limits; None: the defaults."""
        await self.refresh()
        before = self._current.tenants.get(name)
        change = AuditedChange("tenant.changed", f"{TENANT_PREFIX}{name}", before and shown_tenant(before))
        await self._set(change, tenant_text(policy) if policy else None, policy and shown_tenant(policy), actor)

    async def set_key_limit(self, key: str, limit: int | None, actor: str = API) -> None:
        """Sets how many tasks of a concurrency key may run at once; None: the default."""
        await self.refresh()
        change = AuditedChange("limit.changed", f"{KEY_PREFIX}{key}", self._current.keys.get(key))
        await self._set(change, key_text(limit) if limit else None, limit, actor)

    async def set_node(self, node_id: str, policy: NodePolicy | None, actor: str = API) -> None:
        """Says how a node is to be treated; None, or a policy that says nothing: as it registered."""
        await self.refresh()
        kept = None if policy == NodePolicy() else policy
        before = self._current.nodes.get(node_id)
        change = AuditedChange("node.changed", f"{NODE_PREFIX}{node_id}", before and shown_node(before))
        await self._set(change, node_text(kept) if kept else None, kept and shown_node(kept), actor)

    async def set_reservation(self, label: tuple[str, str], reserved: Reserved | None, actor: str = API) -> None:
        """Keeps slots of every node with this label for urgent tasks; None: only what nodes say themselves."""
        await self.refresh()
        before = self._current.reservations.get(label)
        target = f"{RESERVATION_PREFIX}{label_text(label)}"
        change = AuditedChange("reservation.changed", target, before and shown_reservation(before))
        after = reserved and shown_reservation(reserved)
        await self._set(change, reservation_text(reserved) if reserved else None, after, actor)

    async def _set(self, change: AuditedChange, text: str | None, after: Any, actor: str) -> None:
        """Writes one line of the book; what says so already is left as it is."""
        if self._stored.get(change.target) == text:
            return
        await self._engine.settings.write({change.target: text}, entry_of(self._clock, actor, change, after))
        self._engine.wakeup.notify()
        await self.refresh()
        log_event("INFO", "policy.changed", target=change.target, actor=actor)
