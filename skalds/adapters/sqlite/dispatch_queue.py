# ruff: noqa: S608 - only constants of this package are put into SQL
"""Lanes, heads and the claim."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.lane_board import reason_of
from skalds.adapters.sqlite.placement import READY, Place, add_to_lanes, add_to_tally
from skalds.adapters.sqlite.select import column, one, rows
from skalds.adapters.sqlite.versions import check_lease
from skalds.model.lane import LaneKey
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.snapshot import QueuedTask
from skalds.model.task import TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim, DispatchQueue, Lane, Ripened

_RIPEN_BATCH = 5000
_ASSIGNING = TaskLifecycleStatus.ASSIGNING.value

# The moment of the next timer.
NEXT_MOMENT = f"SELECT min(eligible_at) FROM run WHERE place = {Place.TIMER}"
# Timers that are due.
FIND_DUE = f"SELECT seq, lane FROM run WHERE place = {Place.TIMER} AND eligible_at <= ? ORDER BY eligible_at LIMIT ?"
# Tasks whose moment has come take their place in the queue.
RIPEN_QUEUE = """
    INSERT INTO queue (lane, rank, id, seq, attempt, affinity)
    SELECT run.lane, run.rank, task.id, run.seq, run.attempt, run.affinity
    FROM json_each(?) AS due CROSS JOIN run ON run.seq = due.value CROSS JOIN task ON task.seq = run.seq
"""
# The same tasks leave the timers.
RIPEN_RUN = f"UPDATE run SET place = {Place.QUEUE} WHERE seq IN (SELECT value FROM json_each(?))"
# Lanes with a ready task: one step of the index per lane, however many tasks stand in it.
LANES = """
    WITH RECURSIVE ready (lane) AS (
        SELECT min(lane) FROM queue
        UNION ALL
        SELECT (SELECT min(queue.lane) FROM queue WHERE queue.lane > ready.lane)
        FROM ready WHERE ready.lane IS NOT NULL
    )
    SELECT lane.id, lane.key, lane.reason FROM ready CROSS JOIN lane ON lane.id = ready.lane
"""
# The first ready tasks of a lane.
HEADS = "SELECT rank, id, attempt, affinity FROM queue WHERE lane = ? ORDER BY rank, id LIMIT ?"
# Those of the wanted claims whose session takes work.
FIND_OPEN = """
    SELECT wanted.key FROM json_each(?) AS wanted CROSS JOIN node ON node.session = wanted.value ->> 1
    WHERE node.id = wanted.value ->> 0 AND node.closed = 0 AND node.leaving = 0
"""
# Those of the wanted tasks that are still as the planner saw them.
FIND_READY = f"""
    SELECT wanted.key, run.seq, run.lane, run.rank, run.status, run.class, run.rev, run.deadline
    FROM json_each(?) AS wanted
    CROSS JOIN task ON task.id = wanted.value ->> 0
    CROSS JOIN run ON run.seq = task.seq
    WHERE run.place = {Place.QUEUE} AND run.attempt = wanted.value ->> 1
"""
# All tasks of one claim are given away.
GIVE = f"""
    UPDATE run SET
        status = '{_ASSIGNING}', attempt = attempt + 1, rev = rev + 1,
        place = {Place.NOWHERE}, released_at = NULL, leave_for = NULL,
        executor = ?1, assigned_to = ?1, session = ?2, term = ?3, assigned_at = ?4, updated = ?4,
        accept_by = ?5, assignment = ?6
    WHERE seq IN (SELECT value FROM json_each(?7))
"""
# Tasks that were given away leave the queue.
DEQUEUE_MANY = """
    DELETE FROM queue
    WHERE (lane, rank, id) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))
"""
# The feed tells of tasks that were given away.
ADD_CHANGES = f"""
    INSERT INTO change (id, class, rev, status, final, attempt, executor, session, lane, holds_slot, ready)
    SELECT
        value ->> 0, value ->> 1, value ->> 2, '{_ASSIGNING}', 0, value ->> 3,
        value ->> 4, value ->> 5, value ->> 6, 1, 0
    FROM json_each(?)
"""
# Tasks by the id of their assignment; looks at every row, for an unknown outcome is rare and must be settled exactly.
FIND_CLAIMED = """
    SELECT task.id FROM run CROSS JOIN task ON task.seq = run.seq
    WHERE run.assignment IN (SELECT value FROM json_each(?))
"""


class _Given(NamedTuple):
    claim: Claim
    assign: Assign
    seq: int
    lane: int
    rank: int
    status: str
    class_number: int
    rev: int
    deadline: int | None


class SqliteDispatchQueue:
    """`DispatchQueue` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ripen(self, now: int) -> Ripened:
        lanes: set[int] = set()
        while True:
            moment: int | None = await self._connection.read(lambda connection: one(connection, NEXT_MOMENT))
            if moment is None or moment > now:
                return Ripened(frozenset(lanes), moment)
            lanes |= await self._connection.write(lambda connection: _ripen(connection, now))

    async def lanes(self) -> Sequence[Lane]:
        found = await self._connection.read(lambda connection: rows(connection, LANES))
        return [Lane(lane, LaneKey.from_text(key), reason_of(reason)) for lane, key, reason in found]

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        def work(connection: apsw.Connection) -> Mapping[int, Sequence[QueuedTask]]:
            found = {
                lane: [QueuedTask(*row) for row in rows(connection, HEADS, (lane, limit))]
                for lane, limit in limits.items()
            }
            return {lane: tasks for lane, tasks in found.items() if tasks}

        return await self._connection.read(work)

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        return await self._connection.write(lambda connection: _claim(connection, claims, lease))

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        ids = _json(claim_ids)
        return await self._connection.read(lambda connection: column(connection, FIND_CLAIMED, (ids,)))


def _ripen(connection: apsw.Connection, now: int) -> set[int]:
    due = rows(connection, FIND_DUE, (now, _RIPEN_BATCH))
    seqs = _json([seq for seq, _ in due])
    connection.execute(RIPEN_QUEUE, (seqs,))
    connection.execute(RIPEN_RUN, (seqs,))
    in_lanes = Counter(lane for _, lane in due)
    _move(connection, in_lanes, Place.TIMER, Place.QUEUE)
    add_to_tally(connection, [(READY, len(due))])
    return set(in_lanes)


def _move(connection: apsw.Connection, in_lanes: Counter[int], before: Place, after: Place) -> None:
    """Counts tasks that changed their place and kept their lane."""
    left = (((lane, before), -number) for lane, number in in_lanes.items())
    came = (((lane, after), number) for lane, number in in_lanes.items())
    add_to_lanes(connection, chain(left, came))


def _claim(connection: apsw.Connection, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
    check_lease(connection, lease)
    given = _still_ready(connection, claims)
    by_claim: dict[str, list[int]] = {}
    for item in given:
        by_claim.setdefault(item.claim.id, []).append(item.seq)
    for claim in claims:
        if claim.id in by_claim:
            about = (claim.node_id, claim.session, lease.term, claim.assigned_at, claim.accept_by, claim.id)
            connection.execute(GIVE, (*about, _json(by_claim[claim.id])))
    connection.execute(DEQUEUE_MANY, (_json([(item.lane, item.rank, item.assign.task_id) for item in given]),))
    connection.execute(ADD_CHANGES, (_json([_version(item) for item in given]),))
    _move(connection, Counter(item.lane for item in given), Place.QUEUE, Place.NOWHERE)
    left = Counter(item.status for item in given)
    add_to_tally(
        connection,
        [(READY, -len(given)), (_ASSIGNING, len(given)), *((status, -number) for status, number in left.items())],
    )
    return [item.assign for item in given]


def _still_ready(connection: apsw.Connection, claims: Sequence[Claim]) -> Sequence[_Given]:
    asked = _json([(claim.node_id, claim.session) for claim in claims])
    is_open = set(column(connection, FIND_OPEN, (asked,)))
    wanted: dict[tuple[str, int], tuple[Claim, Assign]] = {}
    for index, claim in enumerate(claims):
        if index in is_open:
            for assign in claim.assigns:
                wanted.setdefault((assign.task_id, assign.attempt), (claim, assign))
    in_order = list(wanted.values())
    asked = _json([(assign.task_id, assign.attempt) for _, assign in in_order])
    found = (_Given(*in_order[row[0]], *row[1:]) for row in rows(connection, FIND_READY, (asked,)))
    return [item for item in found if item.deadline is None or item.deadline > item.claim.assigned_at]


def _version(item: _Given) -> tuple[Any, ...]:
    return (
        item.assign.task_id,
        item.class_number,
        item.rev + 1,
        item.assign.attempt + 1,
        item.claim.node_id,
        item.claim.session,
        item.lane,
    )


def _json(values: Iterable[Any]) -> str:
    return orjson.dumps(values).decode()


_: type[DispatchQueue] = SqliteDispatchQueue
