"""The record of what people changed."""

from collections.abc import Sequence
from typing import Protocol

from skalds.model.audit import AuditEntry


class AuditLog(Protocol):
    """Entries are read, never changed; they come into the log in the transaction that makes the change they tell of.

    The store gives each the next number; a number may be missing where a change came to nothing.
    """

    async def page(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        """The latest `limit` entries, newest first; with `before`, of those with a smaller number."""
        ...

    async def trim(self, keep: int) -> None:
        """Forgets all but the latest `keep` entries."""
        ...
