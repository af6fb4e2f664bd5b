"""`MemoryEngine`: all ports of one participant over a shared `MemoryStore`."""

from typing import Self

from skalds.adapters.memory.audit_log import MemoryAuditLog
from skalds.adapters.memory.dispatch_queue import MemoryDispatchQueue
from skalds.adapters.memory.event_bus import MemoryEventBus
from skalds.adapters.memory.lane_board import MemoryLaneBoard
from skalds.adapters.memory.lease_store import MemoryLeaseStore
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.memory.node_directory import MemoryNodeDirectory
from skalds.adapters.memory.retention import MemoryRetention
from skalds.adapters.memory.run_ledger import MemoryRunLedger
from skalds.adapters.memory.settings_store import MemorySettingsStore
from skalds.adapters.memory.task_catalog import MemoryTaskCatalog
from skalds.adapters.memory.task_intake import MemoryTaskIntake
from skalds.adapters.memory.wakeup import MemoryWakeup
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine


class MemoryEngine:
    """One participant (a controller or a node) of a world; closing it is what the death of a process is elsewhere."""

    def __init__(self, store: MemoryStore, clock: Clock) -> None:
        self.intake = MemoryTaskIntake(store, clock)
        self.queue = MemoryDispatchQueue(store)
        self.lanes = MemoryLaneBoard(store)
        self.ledger = MemoryRunLedger(store, clock)
        self.catalog = MemoryTaskCatalog(store)
        self.directory = MemoryNodeDirectory(store)
        self.leases = MemoryLeaseStore(store)
        self.bus = MemoryEventBus(store)
        self.wakeup = MemoryWakeup(store)
        self.settings = MemorySettingsStore(store)
        self.audit = MemoryAuditLog(store)
        self.retention = MemoryRetention(store)

    @classmethod
    async def open(cls, store: MemoryStore, clock: Clock) -> Self:
        """A new participant."""
        return cls(store, clock)

    async def checkpoint(self) -> None:
        """Nothing to keep house of."""

    async def close(self) -> None:
        self.wakeup.close()
        self.directory.exit()


_: type[Engine] = MemoryEngine
