"""The store as one node sees it, without a store: rows, conditional writes, and what others do to them."""

from collections.abc import Callable, Sequence
from typing import Any

from skalds.model.run_change import Change
from skalds.model.task import Assignment, Task
from skalds.planning.lifecycle import Refused
from skalds.testing import a_task

NODE = "node-1"
SESSION = 1


def assigned(name: str = "t", **changes: Any) -> Task:
    """A task just assigned to our session."""
    assignment = Assignment(id="claim", skald_id=NODE, session=SESSION, term=1, assigned_at=0, accept_by=5000)
    fields = {
        "id": name, "lifecycle_status": "Assigning", "attempt": 1, "executor": NODE, "assignment": assignment, "rev": 1,
    }  # fmt: skip
    return a_task(**{**fields, **changes})


class Rows:
    """Rows with the same conditional write as a ledger."""

    def __init__(self, *tasks: Task) -> None:
        self.of = {task.id: task for task in tasks}

    def mine(self) -> Sequence[Task]:
        """What `RunLedger.runs_of` returns for our session."""
        return [task for task in self.of.values() if task.holds_slot and task.executor == NODE]

    def write(self, changes: Sequence[Change]) -> list[bool]:
        written = []
        for change in changes:
            done = self.of[change.before.id].rev == change.before.rev
            if done:
                self.of[change.before.id] = change.after
            written.append(done)
        return written

    def move(self, name: str, move: Callable[[Task, int], Task | Refused], now: int = 0) -> Task:
        """Somebody else moves the task."""
        after = move(self.of[name], now)
        assert isinstance(after, Task), after
        self.of[name] = after
        return after

    def put(self, name: str, **changes: Any) -> None:
        """Somebody else changes fields of the row."""
        self.of[name] = self.of[name].changed(0, **changes)
