"""The record of what people changed."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import orjson

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.audit import AuditEntry
from skalds.ports.audit_log import AuditLog


class MemoryAuditLog:
    """`AuditLog` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        newest_first = reversed(self._store.audit)
        return list(islice((entry for entry in newest_first if before is None or entry.number < before), limit))

    async def trim(self, keep: int) -> None:
        while len(self._store.audit) > keep:
            self._store.audit.popleft()


def add_entry(store: MemoryStore, entry: AuditEntry) -> None:
    """Puts the entry into the log, with the next number."""
    # A copy, so that what the caller does with its values later is not recorded.
    before, after = orjson.loads(orjson.dumps([entry.before, entry.after]))
    store.last_audit_number += 1
    store.audit.append(replace(entry, before=before, after=after, number=store.last_audit_number))


_: type[AuditLog] = MemoryAuditLog
