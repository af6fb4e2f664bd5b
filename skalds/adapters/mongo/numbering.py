"""Numbers that grow: of sessions and of entries of the audit log."""

from typing import cast

from pymongo import ReturnDocument

from skalds.adapters.mongo.connection import Document, MongoStore


async def next_number(store: MongoStore, name: str) -> int:
    """A number greater than any given under this name before; one may be skipped, none is given twice."""
    with store.writing():
        counter = await store.counters.find_one_and_update(
            {"_id": name}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
    # With `upsert` there is always one.
    return int(cast("Document", counter)["last"])
