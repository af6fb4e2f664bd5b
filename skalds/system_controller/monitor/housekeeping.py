"""Keeps the store's own files and the change feed within bounds."""

from skalds.ports.engine import Engine

FEED_KEPT = 100_000
"""Versions the feed keeps; a reader further behind reads the rows again instead."""

AUDIT_KEPT = 100_000
"""Entries of the audit log that are kept."""


_ROUNDS_PER_AUDIT_TRIM = 60
"""A minute of rounds of a second: the audit log grows by what people do, not by what runs."""


class Housekeeping:
    """Runs in every controller; each step is cheap when there is nothing to do."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._until_audit = 0

    async def run_once(self) -> None:
        """One round, between commits."""
        await self._engine.ledger.trim_feed(FEED_KEPT)
        if self._until_audit == 0:
            await self._engine.audit.trim(AUDIT_KEPT)
            self._until_audit = _ROUNDS_PER_AUDIT_TRIM
        self._until_audit -= 1
        await self._engine.checkpoint()
