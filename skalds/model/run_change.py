"""Changes of task rows: what a shell asks the ledger to write, and what the feed tells of it."""

from dataclasses import dataclass
from typing import NamedTuple

from skalds.model.audit import AuditEntry
from skalds.model.task import Task


@dataclass(frozen=True, slots=True)
class Change:
    """Replace `before` by `after`, only if the stored row still has the revision of `before`.

    `audited` comes into the audit log with it, in the same transaction.
    """

    before: Task
    after: Task
    audited: AuditEntry | None = None


class RunChange(NamedTuple):
    """One committed version of a task's row, as the change feed tells it; `position` grows with every commit.

    `lane` is the number of the task's lane, 0 for one that never waited. `holds_slot` is `Task.holds_slot` of that
    version; `ready` says that the task stood in the dispatch queue.
    """

    position: int
    task_id: str
    class_name: str
    rev: int
    status: str
    final: bool
    attempt: int
    executor: str | None
    session: int
    lane: int
    holds_slot: bool
    ready: bool


class LiveRun(NamedTuple):
    """A run that holds capacity of a node: from assignment until its processes are confirmed gone.

    What it takes is said by the key of its lane.
    """

    task_id: str
    attempt: int
    status: str
    node_id: str
    session: int
    lane: int
