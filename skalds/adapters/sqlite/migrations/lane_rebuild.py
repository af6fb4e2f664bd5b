"""Gives every task that waits or holds a slot a lane by the keys of schema 3, which those of schema 2 do not tell."""

from typing import Any

import apsw
import orjson

from skalds.adapters.sqlite.select import one, rows
from skalds.model.lane import lane_key
from skalds.model.task import Task

_FIELDS = (
    "tenant", "class_name", "source", "priority", "requires", "prefers", "slots", "resources", "concurrency_key",
    "preemptible",
)  # fmt: skip
_BATCH = 5_000

# The next tasks that wait or hold a slot, with what their lane depends on as JSON.
FIND_NEXT = f"""
    SELECT run.seq, run.pinned_to, {", ".join(f"task.body -> '{name}'" for name in _FIELDS)}
    FROM run CROSS JOIN task ON task.seq = run.seq
    WHERE run.seq > ? AND (
        run.place <> 0 OR run.executor IS NOT NULL AND run.attempt > 0 AND run.released_at IS NULL
    ) ORDER BY run.seq LIMIT ?
"""  # noqa: S608 - only constants of this file are put into SQL
# The number of a lane.
FIND_LANE = "SELECT id FROM lane WHERE key = ?"
ADD_LANE = "INSERT INTO lane (key, tenant) VALUES (?, ?) RETURNING id"
# A task comes into its new lane.
MOVE = "UPDATE run SET lane = ? WHERE seq = ?"
# The queue by the new lanes, and the counts that follow from the rows.
FILL = """
    DELETE FROM queue;
    INSERT INTO queue (lane, rank, id, seq, attempt, affinity)
    SELECT run.lane, run.rank, task.id, run.seq, run.attempt, run.affinity
    FROM run CROSS JOIN task ON task.seq = run.seq WHERE run.place = 1 ORDER BY 1, 2, 3;
    UPDATE lane SET ready = counted.ready, waiting = counted.waiting, live = counted.live
    FROM (
        SELECT lane, sum(place = 1) AS ready, sum(place <> 0) AS waiting, sum(place = 0) AS live
        FROM run WHERE lane IS NOT NULL GROUP BY lane
    ) AS counted WHERE counted.lane = lane.id;
"""


def rebuild_lanes(connection: apsw.Connection) -> None:
    """Fills the lanes of schema 3 from the rows."""
    numbers: dict[tuple[Any, ...], int] = {}
    last = 0
    while found := rows(connection, FIND_NEXT, (last, _BATCH)):
        last = found[-1][0]
        for _, *about in found:
            if tuple(about) not in numbers:
                numbers[tuple(about)] = _lane_of(connection, *about)
        connection.executemany(MOVE, [(numbers[tuple(about)], seq) for seq, *about in found])
    connection.execute(FILL)


def _lane_of(connection: apsw.Connection, pinned_to: str | None, *values: str | None) -> int:
    fields = {name: orjson.loads(text) for name, text in zip(_FIELDS, values, strict=True) if text is not None}
    key = lane_key(Task(id="", pinned_to=pinned_to, **fields))
    number: int = one(connection, FIND_LANE, (key.to_text(),)) or one(connection, ADD_LANE, (key.to_text(), key.tenant))
    return number
