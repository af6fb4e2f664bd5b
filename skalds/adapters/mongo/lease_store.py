"""Leases."""

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from skalds.adapters.mongo.connection import Document, MongoStore
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.lease_store import LeaseStore


class MongoLeaseStore:
    """`LeaseStore` on MongoDB, one document per duty; beside the lease it counts the `commits` made under it."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def read(self, duty: Duty) -> LeaseRow | None:
        with self._store.reading():
            return _row(await self._store.leases.find_one({"_id": duty.value}))

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        # A leader that died in the middle of a commit has left its row locked.
        await self._store.end_abandoned()
        if seen is None:
            return await self._add(LeaseRow(duty.value, holder, 1, 0, expires))
        if seen.duty != duty.value:
            return None
        return await self._change(_document(seen), {"$set": _fields(holder, seen.term + 1, 0, expires)})

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        return await self._change(_standing(lease), {"$inc": {"renewals": 1}, "$set": {"expires": expires}})

    async def resign(self, lease: LeaseRow) -> None:
        await self._change(_standing(lease), {"$set": {"holder": ""}})

    async def _add(self, lease: LeaseRow) -> LeaseRow | None:
        with self._store.writing():
            try:
                await self._store.leases.insert_one({**_document(lease), "commits": 0})
            except DuplicateKeyError:
                return None
        return lease

    async def _change(self, seen: Document, update: Document) -> LeaseRow | None:
        with self._store.writing():
            changed = await self._store.leases.find_one_and_update(seen, update, return_document=ReturnDocument.AFTER)
        return _row(changed)


def _standing(lease: LeaseRow) -> Document:
    return {"_id": lease.duty, "holder": {"$eq": lease.holder}, "term": lease.term}


def _document(lease: LeaseRow) -> Document:
    return {"_id": lease.duty, **_fields(lease.holder, lease.term, lease.renewals, lease.expires)}


def _fields(holder: str, term: int, renewals: int, expires: int) -> Document:
    return {"holder": holder, "term": term, "renewals": renewals, "expires": expires}


def _row(document: Document | None) -> LeaseRow | None:
    if document is None:
        return None
    return LeaseRow(document["_id"], document["holder"], document["term"], document["renewals"], document["expires"])


_: type[LeaseStore] = MongoLeaseStore
