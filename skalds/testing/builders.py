"""Tasks and nodes to begin a test with."""

from typing import Any

from skalds.model.node import Node
from skalds.model.task import Task

A_MOMENT = 1_750_000_000_000
"""Wall ms at which the tasks were created and a new `FakeClock` stands."""


def a_task(**changes: Any) -> Task:
    """A task as the controller submits it, ready at once; `changes` by field name."""
    fields: dict[str, Any] = {
        "id": "task-1",
        "class_name": "Demo",
        "source": "test",
        "create_date_time": A_MOMENT,
        "update_date_time": A_MOMENT,
        "eligible_at": A_MOMENT,
    }
    return Task(**fields | changes)


def a_node(**changes: Any) -> Node:
    """A node with two slots that can run `Demo`; `changes` by field name."""
    fields: dict[str, Any] = {"id": "node-1", "mode": "node", "classes": frozenset({"Demo"}), "slots": 2}
    return Node(**fields | changes)
