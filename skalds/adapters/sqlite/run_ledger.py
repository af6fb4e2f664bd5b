# ruff: noqa: S608 - only constants of this package are put into SQL
"""Conditional writes and the feed."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import apsw

from skalds.adapters.sqlite.audit_log import add_entry
from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.placement import Place, Placer
from skalds.adapters.sqlite.select import one, rows
from skalds.adapters.sqlite.task_row import TASK_COLUMNS, TASK_TABLES, task_of
from skalds.adapters.sqlite.versions import check_lease, update
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.task import Task
from skalds.ports.clock import Clock
from skalds.ports.run_ledger import RunLedger

_TRIM_BATCH = 5_000
_IS_LIVE = "run.executor IS NOT NULL AND run.attempt > 0 AND run.released_at IS NULL"

# Tasks that hold a slot of this session of this node.
RUNS_OF = f"""
    SELECT {TASK_COLUMNS} FROM {TASK_TABLES}
    WHERE {_IS_LIVE} AND run.executor = ? AND run.session = ? ORDER BY run.seq
"""
# Everything that holds a slot.
LIVE_RUNS = f"""
    SELECT task.id, run.attempt, run.status, run.executor, coalesce(run.session, 0), coalesce(run.lane, 0)
    FROM run INDEXED BY run_live CROSS JOIN task ON task.seq = run.seq WHERE {_IS_LIVE}
"""
# What waits beyond its deadline, earliest first.
OVERDUE = f"""
    SELECT {TASK_COLUMNS} FROM run INDEXED BY run_deadline
    CROSS JOIN task ON task.seq = run.seq LEFT JOIN report ON report.seq = run.seq
    WHERE run.place <> {Place.NOWHERE} AND run.deadline IS NOT NULL AND run.deadline <= ?
    ORDER BY run.deadline LIMIT ?
"""
# What waits behind something that is over and not Finished.
FORSAKEN = f"""
    SELECT {TASK_COLUMNS} FROM run INDEXED BY run_forsaken
    CROSS JOIN task ON task.seq = run.seq LEFT JOIN report ON report.seq = run.seq
    WHERE run.place = {Place.FORSAKEN} LIMIT ?
"""
# Position of the latest version.
LAST_POSITION = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0)"
# Position of the oldest version that is kept.
FIRST_POSITION = "SELECT min(position) FROM change"
# Versions after a position.
CHANGES = """
    SELECT change.position, change.id, class.name, change.rev, change.status, change.final, change.attempt,
        change.executor, change.session, change.lane, change.holds_slot, change.ready
    FROM change CROSS JOIN class ON class.id = change.class
    WHERE change.position > ? ORDER BY change.position LIMIT ?
"""
# All but the latest versions are forgotten.
TRIM = "DELETE FROM change WHERE position <= ?"


class SqliteRunLedger:
    """`RunLedger` on SQLite."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        now = self._clock.wall_ms()

        def work(connection: apsw.Connection) -> Sequence[bool]:
            if lease is not None:
                check_lease(connection, lease)
            placer = Placer(connection, now)
            outcome = update(connection, placer, changes)
            placer.write_counts()
            for change, done in zip(changes, outcome, strict=True):
                if done and change.audited is not None:
                    add_entry(connection, change.audited)
            return outcome

        return await self._connection.write(work, durable=durable)

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        found = await self._connection.read(lambda connection: rows(connection, RUNS_OF, (node_id, session)))
        return [task_of(row) for row in found]

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        def work(connection: apsw.Connection) -> tuple[Sequence[LiveRun], int]:
            runs = [LiveRun(*row) for row in rows(connection, LIVE_RUNS)]
            return runs, one(connection, LAST_POSITION)

        return await self._connection.read(work)

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return await self._connection.read(lambda connection: _changes_since(connection, position, limit))

    async def overdue(self, now: int, limit: int) -> Sequence[Task]:
        found = await self._connection.read(lambda connection: rows(connection, OVERDUE, (now, limit)))
        return [task_of(row) for row in found]

    async def forsaken(self, limit: int) -> Sequence[Task]:
        found = await self._connection.read(lambda connection: rows(connection, FORSAKEN, (limit,)))
        return [task_of(row) for row in found]

    async def trim_feed(self, keep: int) -> None:
        def bounds(connection: apsw.Connection) -> tuple[int | None, int]:
            return one(connection, FIRST_POSITION), one(connection, LAST_POSITION) - keep

        first, until = await self._connection.read(bounds)
        # In pieces, so that commits of others never wait for long; and not at all when there is nothing to forget.
        while first is not None and first <= until:
            first += _TRIM_BATCH
            position = min(first - 1, until)
            await self._connection.write(partial(_trim, position))


def _trim(position: int, connection: apsw.Connection) -> None:
    connection.execute(TRIM, (position,))


def _changes_since(connection: apsw.Connection, position: int, limit: int) -> Sequence[RunChange] | None:
    last: int = one(connection, LAST_POSITION)
    first: int | None = one(connection, FIRST_POSITION)
    forgotten = last if first is None else first - 1
    if not forgotten <= position <= last:
        return None
    return [_run_change(row) for row in rows(connection, CHANGES, (position, limit))]


def _run_change(row: tuple[Any, ...]) -> RunChange:
    change = RunChange(*row)
    return change._replace(final=bool(change.final), holds_slot=bool(change.holds_slot), ready=bool(change.ready))


_: type[RunLedger] = SqliteRunLedger
