"""What every engine must do, one suite per port and one for dependencies, for authors of adapters.

Derive a test class from each suite and provide the fixtures `engine` (a controller's `Engine`), `other` (a second
participant on the same world, as a node opens it), `clock` (the `FakeClock` of both) and `end_process` (a function
that does to a participant what the death of its process does).
"""

from skalds.testing.conformance.audit_log import AuditLogSuite
from skalds.testing.conformance.dependencies import DependenciesSuite
from skalds.testing.conformance.dispatch_queue import DispatchQueueSuite
from skalds.testing.conformance.event_bus import EventBusSuite
from skalds.testing.conformance.lane_board import LaneBoardSuite
from skalds.testing.conformance.lease_store import LeaseStoreSuite
from skalds.testing.conformance.node_directory import NodeDirectorySuite
from skalds.testing.conformance.retention import RetentionSuite
from skalds.testing.conformance.run_ledger import RunLedgerSuite
from skalds.testing.conformance.settings_store import SettingsStoreSuite
from skalds.testing.conformance.task_catalog import TaskCatalogSuite
from skalds.testing.conformance.task_intake import TaskIntakeSuite
from skalds.testing.conformance.wakeup import WakeupSuite

__all__ = [
    "TaskIntakeSuite",
    "DispatchQueueSuite",
    "LaneBoardSuite",
    "DependenciesSuite",
    "RunLedgerSuite",
    "TaskCatalogSuite",
    "NodeDirectorySuite",
    "LeaseStoreSuite",
    "EventBusSuite",
    "WakeupSuite",
    "SettingsStoreSuite",
    "AuditLogSuite",
    "RetentionSuite",
]
