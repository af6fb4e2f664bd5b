# ruff: noqa: S608 - only constants of this package are put into SQL
"""Lanes, heads and the claim."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import apsw
import orjson

from skalds.adapters.sqlite.claim import order_for, take_orders
from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.lane_board import reason_of
from skalds.adapters.sqlite.placement import IS_READY, Place, add_to_lanes
from skalds.adapters.sqlite.select import column, one, rows
from skalds.model.lane import LaneKey
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.snapshot import QueuedTask
from skalds.ports.dispatch_queue import Claim, DispatchQueue, Lane, Ripened

_RIPEN_BATCH = 5000

# The moment of the next timer.
NEXT_MOMENT = f"SELECT min(eligible_at) FROM run WHERE place = {Place.TIMER}"
# Timers that are due.
FIND_DUE = f"SELECT seq, lane FROM run WHERE place = {Place.TIMER} AND eligible_at <= ? ORDER BY eligible_at LIMIT ?"
# Tasks whose moment has come take their place in the queue.
RIPEN_QUEUE = """
    INSERT OR REPLACE INTO queue (lane, rank, id, seq, attempt, affinity)
    SELECT run.lane, run.rank, task.id, run.seq, run.attempt, run.affinity
    FROM json_each(?) AS due CROSS JOIN run ON run.seq = due.value CROSS JOIN task ON task.seq = run.seq
"""
# The same tasks leave the timers.
RIPEN_RUN = f"UPDATE run SET place = {Place.QUEUE} WHERE seq IN (SELECT value FROM json_each(?))"
# Lanes with a ready task.
LANES = """
    SELECT lane.id, lane.key, lane_state.reason FROM lane_state CROSS JOIN lane ON lane.id = lane_state.lane
    WHERE lane_state.ready > 0 ORDER BY lane_state.lane
"""
# The first ready tasks of a lane.
HEADS = f"""
    SELECT rank, id, attempt, affinity FROM queue
    WHERE lane = ?1 AND (
        rank > coalesce((SELECT left_over_to FROM lane_state WHERE lane_state.lane = ?1), rank - 1) OR {IS_READY}
    )
    ORDER BY rank, id LIMIT ?2
"""
# Tasks by the id of their assignment; looks at every row, for an unknown outcome is rare and must be settled exactly.
FIND_CLAIMED = """
    SELECT task.id FROM run CROSS JOIN task ON task.seq = run.seq
    WHERE run.assignment IN (SELECT value FROM json_each(?))
"""


class SqliteDispatchQueue:
    """`DispatchQueue` on SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._takes_orders = False

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
        if not self._takes_orders:
            await self._connection.alone(take_orders)
            self._takes_orders = True
        return await self._connection.write(order_for(claims, lease))

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
    return set(in_lanes)


def _move(connection: apsw.Connection, in_lanes: Counter[int], before: Place, after: Place) -> None:
    """Counts tasks that changed their place and kept their lane."""
    left = (((lane, before), -number) for lane, number in in_lanes.items())
    came = (((lane, after), number) for lane, number in in_lanes.items())
    add_to_lanes(connection, chain(left, came))


def _json(values: Iterable[Any]) -> str:
    return orjson.dumps(values).decode()


_: type[DispatchQueue] = SqliteDispatchQueue
