"""Settings changed at run time."""

from collections.abc import Mapping

import apsw

from skalds.adapters.sqlite.audit_log import add_entry
from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.select import rows
from skalds.model.audit import AuditEntry
from skalds.ports.settings_store import SettingsStore

# All settings.
FIND_ALL = "SELECT name, value FROM setting"
# A setting is set.
PUT = "INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)"
# A setting is removed.
REMOVE = "DELETE FROM setting WHERE name = ?"


class SqliteSettingsStore:
    """`SettingsStore` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self) -> Mapping[str, str]:
        return await self._connection.read(lambda connection: dict(rows(connection, FIND_ALL)))

    async def write(self, changes: Mapping[str, str | None], audited: AuditEntry | None = None) -> None:
        def work(connection: apsw.Connection) -> None:
            connection.executemany(REMOVE, [(name,) for name, value in changes.items() if value is None])
            connection.executemany(PUT, [(name, value) for name, value in changes.items() if value is not None])
            if audited is not None:
                add_entry(connection, audited)

        await self._connection.write(work, durable=True)


_: type[SettingsStore] = SqliteSettingsStore
