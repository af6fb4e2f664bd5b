"""Taking tasks in."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from skalds.model.task import Task

NO_LIMITS: Mapping[str, int] = MappingProxyType({})


class TaskIntake(Protocol):
    """Stores new tasks; what it acknowledged survives a power cut."""

    async def submit(self, tasks: Sequence[Task], queue_limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Task]:
        """Stores all of `tasks` or none, durably, and returns them as stored, in order.

        The caller has filled everything in (`eligible_at` included) and refused circles of dependencies; each becomes
        ready for dispatch when that moment has come and all it depends on is Finished. A task whose (`tenant`,
        `idempotency_key`) is known is not stored again: the stored one is returned in its place if its submitted fields
        are equal, otherwise `IdempotencyConflict`.

        Raises `DuplicateTask` naming ids and indexes (ids stored already or given twice), `UnknownDependency` for ids
        that no task of the same tenant has, here or in the store, `QueueFull` if the new ones would take a tenant over
        its number in `queue_limits`, `StoreError`.
        """
        ...
