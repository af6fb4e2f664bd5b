"""The record of what people changed."""

from collections.abc import Sequence
from typing import Any

import orjson
from pymongo import DESCENDING

from skalds.adapters.mongo.connection import Document, MongoStore
from skalds.adapters.mongo.numbering import next_number
from skalds.model.audit import AuditEntry
from skalds.ports.audit_log import AuditLog

_NEWEST_FIRST = [("_id", DESCENDING)]
_AFTER_ALL = 2**63 - 1


class MongoAuditLog:
    """`AuditLog` on MongoDB."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def page(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        if limit <= 0:
            return []
        last = _AFTER_ALL if before is None else min(before, _AFTER_ALL)
        with self._store.reading():
            found = await self._store.audit.find({"_id": {"$lt": last}}, sort=_NEWEST_FIRST, limit=limit).to_list()
        return [_entry(document) for document in found]

    async def trim(self, keep: int) -> None:
        with self._store.writing():
            surplus = await self._store.audit.find_one({}, {"_id": 1}, sort=_NEWEST_FIRST, skip=keep)
            if surplus is not None:
                await self._store.audit.delete_many({"_id": {"$lte": surplus["_id"]}})


async def numbered(store: MongoStore, entry: AuditEntry) -> Document:
    """The document of the entry; its number is drawn outside of transactions, which would wait for each other."""
    return {
        "_id": await next_number(store, "audit"),
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "before": _text(entry.before),
        "after": _text(entry.after),
    }


def _entry(document: Document) -> AuditEntry:
    fields = {name: document[name] for name in ("at", "actor", "action", "target")}
    return AuditEntry(
        **fields, before=_value(document["before"]), after=_value(document["after"]), number=document["_id"]
    )


# As texts, because the values are of any shape and their keys of any spelling.
def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _value(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


_: type[AuditLog] = MongoAuditLog
