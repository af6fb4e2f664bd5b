"""All ports of one engine, as one process uses them."""

from typing import Protocol

from skalds.ports.audit_log import AuditLog
from skalds.ports.dispatch_queue import DispatchQueue
from skalds.ports.event_bus import EventBus
from skalds.ports.lane_board import LaneBoard
from skalds.ports.lease_store import LeaseStore
from skalds.ports.node_directory import NodeDirectory
from skalds.ports.retention import Retention
from skalds.ports.run_ledger import RunLedger
from skalds.ports.settings_store import SettingsStore
from skalds.ports.task_catalog import TaskCatalog
from skalds.ports.task_intake import TaskIntake
from skalds.ports.wakeup import Wakeup


class Engine(Protocol):
    """One process's access to the shared store, bus and presence: a controller and each node open one of their own."""

    @property
    def intake(self) -> TaskIntake: ...

    @property
    def queue(self) -> DispatchQueue: ...

    @property
    def lanes(self) -> LaneBoard: ...

    @property
    def ledger(self) -> RunLedger: ...

    @property
    def catalog(self) -> TaskCatalog: ...

    @property
    def directory(self) -> NodeDirectory: ...

    @property
    def leases(self) -> LeaseStore: ...

    @property
    def bus(self) -> EventBus: ...

    @property
    def wakeup(self) -> Wakeup: ...

    @property
    def settings(self) -> SettingsStore: ...

    @property
    def audit(self) -> AuditLog: ...

    @property
    def retention(self) -> Retention: ...

    async def checkpoint(self) -> None:
        """Housekeeping between commits, cheap when there is none; the controller calls it every few seconds."""
        ...

    async def close(self) -> None:
        """Gives everything back; idempotent. Node sessions still open count as exited from then on."""
        ...
