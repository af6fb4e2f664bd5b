"""What happens to runs: conditional writes and the feed that tells of them."""

from collections.abc import Sequence
from typing import Protocol

from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.task import Task


class RunLedger(Protocol):
    """Moves tasks along their life cycle, one version at a time."""

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        """Commits each change whose row still has the revision of `before`; says for each whether it did.

        All in one transaction, and with `lease` only while that term stands (else `LeaseLost`, nothing changed).
        `durable`: survives a power cut. Queue and timers follow from `after`: it waits (`Task.is_waiting`) or not.
        A row whose revision moved on is left byte-identical.

        Dependants follow in the same transaction: a write that makes a task Finished, and with it the last one that
        another depends on, makes that one ready (`rev`+1, `eligible_at` at least the moment of this write).
        """
        ...

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        """Every task whose latest assignment is to this session and that still holds its slot, whatever its status."""
        ...

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        """Everything that holds capacity, with the feed position that this reading corresponds to."""
        ...

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        """The next `limit` committed versions after `position`, oldest first; None if the feed no longer reaches back
        that far, and the caller must read everything again.

        What another process committed may be told a little later; what was committed before a call of `live_runs` is
        told when that returns. A position means something only to the process that learnt it.
        """
        ...

    async def overdue(self, now: int, limit: int) -> Sequence[Task]:
        """Waiting tasks whose deadline is ≤ `now` (wall ms), earliest first."""
        ...

    async def forsaken(self, limit: int) -> Sequence[Task]:
        """Waiting tasks that depend on one which is Failed for good or Cancelled."""
        ...

    async def trim_feed(self, keep: int) -> None:
        """Forgets all but the latest `keep` versions of the feed."""
        ...
