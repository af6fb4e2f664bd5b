"""Settings changed at run time."""

from collections.abc import Mapping

from pymongo import DeleteOne, UpdateOne

from skalds.adapters.mongo.audit_log import numbered
from skalds.adapters.mongo.connection import MongoStore, Session
from skalds.adapters.mongo.snapshot import at_one_moment
from skalds.model.audit import AuditEntry
from skalds.ports.settings_store import SettingsStore


class MongoSettingsStore:
    """`SettingsStore` on MongoDB, one document per setting; read and written on one snapshot."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store

    async def read(self) -> Mapping[str, str]:
        found = await at_one_moment(
            self._store, lambda session: self._store.settings.find({}, session=session).to_list()
        )
        return {setting["_id"]: setting["value"] for setting in found}

    async def write(self, changes: Mapping[str, str | None], audited: AuditEntry | None = None) -> None:
        if not changes:
            return
        writes = [_write(name, value) for name, value in changes.items()]
        entry = None if audited is None else await numbered(self._store, audited)

        async def work(session: Session) -> None:
            await self._store.settings.bulk_write(writes, session=session)
            if entry is not None:
                await self._store.audit.insert_one(entry, session=session)

        await self._store.transact(work)


def _write(name: str, value: str | None) -> UpdateOne | DeleteOne:
    if value is None:
        return DeleteOne({"_id": {"$eq": name}})
    return UpdateOne({"_id": {"$eq": name}}, {"$set": {"value": value}}, upsert=True)


_: type[SettingsStore] = MongoSettingsStore
