"""What is known of lanes."""

from collections.abc import Iterable, Mapping, Sequence

import apsw
import orjson

from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.select import one, rows
from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.ports.lane_board import LaneBoard, LaneCount

# The keys of some lanes.
FIND_KEYS = "SELECT id, key FROM lane WHERE id IN (SELECT value FROM json_each(?))"
# The lanes in which something waits.
BACKLOG = """
    SELECT lane.key, ready, waiting, reason FROM lane_state CROSS JOIN lane ON lane.id = lane_state.lane
    WHERE waiting > 0 ORDER BY lane_state.lane
"""
# How many tasks of a tenant wait.
COUNT_QUEUED = """
    SELECT coalesce(sum(waiting), 0) FROM lane CROSS JOIN lane_state ON lane_state.lane = lane.id WHERE tenant = ?
"""
# Why a lane waits.
NOTE_REASON = "UPDATE lane_state SET reason = ?2 WHERE lane = ?1 AND reason IS NOT ?2"
# The kept reason of a lane.
FIND_REASON = "SELECT reason FROM lane CROSS JOIN lane_state ON lane_state.lane = lane.id WHERE key = ?"


class SqliteLaneBoard:
    """`LaneBoard` on SQLite; the counts are kept by whoever moves a task, in the same transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        asked = orjson.dumps(sorted(lanes)).decode()
        found = await self._connection.read(lambda connection: rows(connection, FIND_KEYS, (asked,)))
        return {lane: LaneKey.from_text(key) for lane, key in found}

    async def backlog(self) -> Sequence[LaneCount]:
        found = await self._connection.read(lambda connection: rows(connection, BACKLOG))
        return [
            LaneCount(LaneKey.from_text(key), ready, waiting, reason_of(reason))
            for key, ready, waiting, reason in found
        ]

    async def queued_by(self, tenant: str) -> int:
        return await self._connection.read(lambda connection: int(one(connection, COUNT_QUEUED, (tenant,))))

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        values = [(lane, reason.value if reason else None) for lane, reason in reasons.items()]
        await self._connection.write(lambda connection: connection.executemany(NOTE_REASON, values))

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        def work(connection: apsw.Connection) -> Mapping[LaneKey, WaitReason | None]:
            found = {key: rows(connection, FIND_REASON, (key.to_text(),)) for key in keys}
            return {key: reason_of(kept[0][0]) for key, kept in found.items() if kept}

        return await self._connection.read(work)


def reason_of(text: str | None) -> WaitReason | None:
    """The reason as it is stored."""
    return None if text is None else WaitReason(text)


_: type[LaneBoard] = SqliteLaneBoard
