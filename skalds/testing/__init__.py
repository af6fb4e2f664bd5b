"""What a test needs: a clock to turn, ids to foresee, tasks and nodes to begin with."""

from skalds.testing.builders import a_node, a_task
from skalds.testing.counting_ids import CountingIds
from skalds.testing.fake_clock import FakeClock

__all__ = ["FakeClock", "CountingIds", "a_task", "a_node"]
