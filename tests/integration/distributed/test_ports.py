"""The suites of the ports that two servers share, and of the one that taps, on the composed engine."""

from typing import ClassVar

import pytest

from skalds.testing import conformance

pytestmark = pytest.mark.integration


class TestNodeDirectory(conformance.NodeDirectorySuite):
    pass


class TestEventBus(conformance.EventBusSuite):
    knows_listeners: ClassVar[bool] = False


class TestWakeup(conformance.WakeupSuite):
    pass


class TestRunLedger(conformance.RunLedgerSuite):
    pass
