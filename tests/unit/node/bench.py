"""A supervisor with its rows, and a launcher that only remembers."""

import random
from typing import Any

from skalds.model.task import RunError, Task
from skalds.node.supervisor import Steering, Supervisor
from skalds.ports.worker_launcher import Reported, RunKey, RunOutcome, WorkerEvent, WorkerSignal
from skalds.testing import a_node
from tests.unit.node.rows import Rows, assigned

GRACE = 10.0
KEY = RunKey("t", 1)
TERMINATE, KILL, SUSPEND, RESUME = WorkerSignal

FINISHED = Reported(KEY, RunOutcome.FINISHED, at=50, result={"n": 1})
FAILED = Reported(KEY, RunOutcome.FAILED, at=50, error=RunError(type="ValueError", message="no"))
CANCELLED = Reported(KEY, RunOutcome.CANCELLED, at=50)


class Bench:
    """A supervisor with its rows and a launcher that only remembers; `clock` is the node's monotonic one."""

    def __init__(self, *tasks: Task, **node: Any) -> None:
        self.rows = Rows(*tasks)
        self.supervisor = Supervisor(a_node(**node), GRACE, random.Random(7))
        self.clock = 0.0
        self.launched: list[RunKey] = []
        self.writes = 0

    def read(self) -> Steering:
        return self.supervisor.read_rows(self.rows.mine(), self.clock)

    def settle(self, now: int = 100) -> list[bool]:
        """Writes what is to be written and launches what is to be launched."""
        changes = self.supervisor.changes(now)
        written = self.rows.write(changes)
        self.writes += len(changes)
        launches = self.supervisor.settle(changes, written, self.clock)
        self.launched += [RunKey(task.id, task.attempt) for task in launches]
        return written

    def step(self, *events: WorkerEvent, now: int = 100) -> None:
        """One round of the agent."""
        self.supervisor.note(events)
        self.read()
        self.settle(now)

    def task(self, name: str = "t") -> Task:
        return self.rows.of[name]

    def stops(self, now: float) -> list[WorkerSignal]:
        self.clock = now
        return [signal for _, signal in self.supervisor.stops(now)]


def a_running_bench(**changes: Any) -> Bench:
    """A node that runs task `t` since moment 0."""
    bench = Bench(assigned(**changes))
    bench.step()
    assert bench.launched == [KEY]
    return bench
