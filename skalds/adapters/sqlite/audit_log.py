"""The record of what people changed."""

from collections.abc import Sequence
from typing import Any

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.select import rows
from skalds.model.audit import AuditEntry
from skalds.ports.audit_log import AuditLog

# An entry more.
ADD = "INSERT INTO audit (at, actor, action, target, before, after) VALUES (?, ?, ?, ?, ?, ?)"
# The latest entries before a number.
FIND_PAGE = """
    SELECT at, actor, action, target, before, after, number FROM audit
    WHERE number < ? ORDER BY number DESC LIMIT ?
"""
# All but the latest are forgotten.
TRIM = "DELETE FROM audit WHERE number <= (SELECT number FROM audit ORDER BY number DESC LIMIT 1 OFFSET ?)"

_AFTER_ALL = 2**63 - 1


class SqliteAuditLog:
    """`AuditLog` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        last = _AFTER_ALL if before is None else before
        found = await self._connection.read(lambda connection: rows(connection, FIND_PAGE, (last, limit)))
        return [_entry(row) for row in found]

    async def trim(self, keep: int) -> None:
        await self._connection.write(lambda connection: connection.execute(TRIM, (keep,)))


def add_entry(connection: apsw.Connection, entry: AuditEntry) -> None:
    """Puts the entry into the log, within the transaction that makes the change it tells of."""
    values = (entry.at, entry.actor, entry.action, entry.target, _text(entry.before), _text(entry.after))
    connection.execute(ADD, values)


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    at, actor, action, target, before, after, number = row
    return AuditEntry(at, actor, action, target, _value(before), _value(after), number)


def _text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _value(text: str | None) -> Any:
    return None if text is None else orjson.loads(text)


_: type[AuditLog] = SqliteAuditLog
