"""Taking tasks in."""

from collections.abc import Sequence
from typing import Protocol

from skalds.model.task import Task


class TaskIntake(Protocol):
    """Stores new tasks; what it acknowledged survives a power cut."""

    async def submit(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Stores all of `tasks` or none, durably, and returns them as stored, in order.

        The caller has filled everything in (`eligible_at` included); each becomes ready for dispatch when that moment
        comes. A task whose (`tenant`, `idempotency_key`) is known is not stored again: the stored one is returned in
        its place if its submitted fields are equal, otherwise `IdempotencyConflict`.

        Raises `DuplicateTask` naming ids and indexes (ids stored already or given twice), `StoreError`.
        """
        ...
