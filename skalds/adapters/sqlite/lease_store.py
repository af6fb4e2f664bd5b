"""Leases."""

import apsw

from skalds.adapters.sqlite.connection import Connection
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.lease_store import LeaseStore

# The stored lease.
FIND = "SELECT duty, holder, term, renewals, expires FROM lease WHERE duty = ?"
# A new term begins.
PUT = "INSERT OR REPLACE INTO lease (duty, holder, term, renewals, expires) VALUES (?, ?, ?, ?, ?)"
# One more renewal of the term that stands.
RENEW = """
    UPDATE lease SET renewals = renewals + 1, expires = ?4 WHERE duty = ?1 AND holder = ?2 AND term = ?3
    RETURNING duty, holder, term, renewals, expires
"""
# The holder steps down.
RESIGN = "UPDATE lease SET holder = '' WHERE duty = ?1 AND holder = ?2 AND term = ?3"

# Every holder is known to be dead.
FREE = "UPDATE lease SET holder = ''"


class SqliteLeaseStore:
    """`LeaseStore` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, duty: Duty) -> LeaseRow | None:
        return await self._connection.read(lambda connection: _row(connection, FIND, duty.value))

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        def work(connection: apsw.Connection) -> LeaseRow | None:
            if _row(connection, FIND, duty.value) != seen:
                return None
            lease = LeaseRow(duty.value, holder, 1 if seen is None else seen.term + 1, 0, expires)
            connection.execute(PUT, lease)
            return lease

        return await self._connection.write(work)

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        return await self._connection.write(
            lambda connection: _row(connection, RENEW, lease.duty, lease.holder, lease.term, expires)
        )

    async def resign(self, lease: LeaseRow) -> None:
        await self._connection.write(
            lambda connection: connection.execute(RESIGN, (lease.duty, lease.holder, lease.term))
        )


def free_leases(connection: apsw.Connection) -> None:
    """Lets every duty be taken at once, under its next term."""
    connection.execute(FREE)


def _row(connection: apsw.Connection, sql: str, *values: str | int) -> LeaseRow | None:
    row = connection.execute(sql, values).fetchone()
    return None if row is None else LeaseRow(*row)


_: type[LeaseStore] = SqliteLeaseStore
