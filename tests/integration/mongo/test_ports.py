"""The suites of the ports that this store implements, on MongoDB."""

import pytest

from skalds.testing import conformance

pytestmark = pytest.mark.integration


class TestTaskIntake(conformance.TaskIntakeSuite):
    pass


class TestDispatchQueue(conformance.DispatchQueueSuite):
    pass


class TestDependencies(conformance.DependenciesSuite):
    pass


class TestRunLedger(conformance.RunLedgerSuite):
    pass
