# ruff: noqa: S608 - only constants of this package are put into SQL
"""Forgetting what is over."""

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.dependencies import forget_edges
from skalds.adapters.sqlite.placement import Place, add_to_tally
from skalds.adapters.sqlite.select import rows
from skalds.adapters.sqlite.versions import check_lease
from skalds.model.lease import LeaseRow
from skalds.ports.retention import Forgotten, Retention

_HOLDS_SLOT = "executor IS NOT NULL AND attempt > 0 AND released_at IS NULL"
_IS_NEEDED = f"""
    EXISTS (
        SELECT 1 FROM dependency CROSS JOIN run AS child ON child.seq = dependency.child
        WHERE dependency.parent = run.seq AND child.place <> {Place.NOWHERE}
    )
"""
"""Whether something that waits is about to learn how this task ended."""

_GIVEN = "(SELECT value FROM json_each(?))"
_IS_IDLE = "waiting = 0 AND live = 0"

# The oldest ended tasks without an idempotency key, then those with one. A node whose clock stood in the past when it
# reported must not make a new task look old, hence both moments.
FIND_ENDED = f"""
    SELECT seq, status, keyed FROM run INDEXED BY run_ended
    WHERE final = 1 AND keyed = 0 AND updated < ?1 AND created < ?1 AND NOT ({_HOLDS_SLOT}) AND NOT {_IS_NEEDED}
    UNION ALL
    SELECT seq, status, keyed FROM run INDEXED BY run_ended
    WHERE final = 1 AND keyed = 1 AND updated < ?2 AND created < ?2 AND NOT ({_HOLDS_SLOT}) AND NOT {_IS_NEEDED}
    LIMIT ?3
"""
# The keys of some tasks; found by what was submitted, for the table is in the order of keys.
FORGET_KEYS = """
    DELETE FROM idempotency WHERE (tenant, key) IN (
        SELECT task.body ->> 'tenant', task.body ->> 'idempotency_key'
        FROM json_each(?1) AS given CROSS JOIN task ON task.seq = given.value
    ) AND seq IN (SELECT value FROM json_each(?1))
"""
# Everything else of them.
FORGET_REPORTS = f"DELETE FROM report WHERE seq IN {_GIVEN}"
FORGET_RUNS = f"DELETE FROM run WHERE seq IN {_GIVEN}"
FORGET_TASKS = f"DELETE FROM task WHERE seq IN {_GIVEN}"
# The numbers of those tasks are never given out again.
RETIRE_NUMBERS = "UPDATE forgotten SET last_seq = max(last_seq, coalesce((SELECT max(value) FROM json_each(?)), 0))"
# What is left over in the queue of lanes in which nothing waits or holds a slot.
FORGET_ENTRIES = f"DELETE FROM queue WHERE lane IN (SELECT lane FROM lane_state WHERE {_IS_IDLE})"
# What was counted of them.
FORGET_STATES = f"DELETE FROM lane_state WHERE {_IS_IDLE}"
# The lanes themselves; numbers are never given out again.
FORGET_LANES = "DELETE FROM lane WHERE id NOT IN (SELECT lane FROM lane_state)"
# Registrations that ended long ago; numbers of sessions are never given out again in any case.
FORGET_NODES = """
    DELETE FROM node WHERE closed = 1 AND registered_at < ? AND NOT EXISTS (
        SELECT 1 FROM run INDEXED BY run_live
        WHERE run.executor = node.id AND run.executor IS NOT NULL AND run.attempt > 0 AND run.released_at IS NULL
    )
"""


class SqliteRetention:
    """`Retention` on SQLite; freed pages are used again, the file does not shrink."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        def work(connection: apsw.Connection) -> int:
            check_lease(connection, lease)
            return _forget(connection, rows(connection, FIND_ENDED, (before, keyed_before, limit)))

        return await self._connection.write(work)

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        def work(connection: apsw.Connection) -> Forgotten:
            check_lease(connection, lease)
            connection.execute(FORGET_ENTRIES)
            connection.execute(FORGET_STATES)
            connection.execute(FORGET_LANES)
            lanes = connection.changes()
            connection.execute(FORGET_NODES, (before,))
            return Forgotten(lanes, connection.changes())

        return await self._connection.write(work)


def _forget(connection: apsw.Connection, ended: list[tuple[int, str, int]]) -> int:
    seqs = orjson.dumps(sorted(seq for seq, _, _ in ended)).decode()
    if any(keyed for _, _, keyed in ended):
        connection.execute(FORGET_KEYS, (seqs,))
    forget_edges(connection, seqs)
    for statement in (FORGET_REPORTS, FORGET_RUNS, FORGET_TASKS, RETIRE_NUMBERS):
        connection.execute(statement, (seqs,))
    add_to_tally(connection, [(status, -1) for _, status, _ in ended])
    return len(ended)


_: type[Retention] = SqliteRetention
