"""Reads how the whole system is doing: health, counts and metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skalds.errors import SkaldsError
from skalds.model.lease import Duty
from skalds.ports.engine import Engine
from skalds.runtime.log_setup import log_event
from skalds.system_controller.operations.read_fleet import NodeOverview


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the store answers, and who leads the dispatching (None: nobody, or it cannot be told)."""

    store_answers: bool
    dispatcher_leader: str | None


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """How many nodes are what; `available` are online nodes of mode node, `busy` those with at least one task."""

    total: int
    online: int
    nodes: int
    edges: int
    available: int
    busy: int
    online_busy: int
    tasks: int

    @property
    def offline(self) -> int:
        return self.total - self.online

    @property
    def idle(self) -> int:
        return self.available - self.busy


async def read_health(engine: Engine) -> Health:
    """Asks the store for one small row."""
    try:
        lease = await engine.leases.read(Duty.DISPATCHER)
    except SkaldsError as error:
        log_event("WARNING", "health.store_failed", error=error)
        return Health(store_answers=False, dispatcher_leader=None)
    return Health(store_answers=True, dispatcher_leader=lease.holder or None if lease else None)


async def count_tasks(engine: Engine) -> Mapping[str, int]:
    """Tasks by status; absent statuses are left out."""
    return await engine.catalog.count_by_status()


def count_fleet(nodes: Sequence[NodeOverview]) -> FleetCounts:
    """Counts of the given nodes."""
    online = [node for node in nodes if node.is_present]
    available = [node for node in online if node.is_node]
    return FleetCounts(
        total=len(nodes),
        online=len(online),
        nodes=sum(node.is_node for node in nodes),
        edges=sum(not node.is_node for node in nodes),
        available=len(available),
        busy=sum(node.load.tasks > 0 for node in available),
        online_busy=sum(node.load.tasks > 0 for node in online),
        tasks=sum(node.load.tasks for node in nodes),
    )
