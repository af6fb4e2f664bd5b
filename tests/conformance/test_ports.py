"""Every suite of the kit on every engine that needs nothing but Python."""

from skalds.testing import conformance


class TestTaskIntake(conformance.TaskIntakeSuite):
    pass


class TestDispatchQueue(conformance.DispatchQueueSuite):
    pass


class TestLaneBoard(conformance.LaneBoardSuite):
    pass


class TestDependencies(conformance.DependenciesSuite):
    pass


class TestRunLedger(conformance.RunLedgerSuite):
    pass


class TestTaskCatalog(conformance.TaskCatalogSuite):
    pass


class TestNodeDirectory(conformance.NodeDirectorySuite):
    pass


class TestLeaseStore(conformance.LeaseStoreSuite):
    pass


class TestEventBus(conformance.EventBusSuite):
    pass


class TestWakeup(conformance.WakeupSuite):
    pass


class TestSettingsStore(conformance.SettingsStoreSuite):
    pass


class TestAuditLog(conformance.AuditLogSuite):
    pass


class TestRetention(conformance.RetentionSuite):
    pass
