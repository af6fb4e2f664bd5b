"""Where a task stands: in the queue, among the timers, behind others, or nowhere."""

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import apsw

from skalds.adapters.sqlite.select import one
from skalds.adapters.stored_form import Edge
from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.task import Task

# What ranks are computed with.
FIND_AGEING_STEP = "SELECT step_ms FROM ageing"
# The number of a lane that was seen before.
FIND_LANE = "SELECT id FROM lane WHERE key = ?"
# A lane met for the first time.
ADD_LANE = "INSERT INTO lane (key, tenant) VALUES (?, ?) RETURNING id"
# The number of a class that was seen before.
FIND_CLASS = "SELECT id FROM class WHERE name = ?"
# A class met for the first time.
ADD_CLASS = "INSERT INTO class (name) VALUES (?) RETURNING id"
# Counts that follow from what the transaction did.
ADD_TO_TALLY = "INSERT INTO tally (name, n) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET n = n + ?2"
# Counts of a lane that follow from what the transaction did.
ADD_TO_LANE = """
    INSERT INTO lane_state (lane, ready, waiting, live) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (lane) DO UPDATE SET ready = ready + ?2, waiting = waiting + ?3, live = live + ?4
"""


class Place(IntEnum):
    """The column `run.place`."""

    NOWHERE = 0
    QUEUE = 1
    TIMER = 2
    BLOCKED = 3
    """Behind tasks that are not Finished."""

    FORSAKEN = 4
    """Behind one that is over and not Finished."""


IS_READY = f"""
    EXISTS (
        SELECT 1 FROM run WHERE run.seq = queue.seq
            AND run.place = {Place.QUEUE} AND run.lane = queue.lane AND run.rank = queue.rank
    )
"""  # noqa: S608 - only constants of this file are put into SQL
"""Whether the task of an entry of the queue is ready; with ranks up to `left_over_to` some were given away."""

_BEHIND = {Edge.OPEN: Place.BLOCKED, Edge.FAILED: Place.FORSAKEN}


class Placement(NamedTuple):
    """The columns that say where a task stands; the lane is kept as long as it waits or holds a slot."""

    place: Place
    lane: int | None = None
    rank: int | None = None


class Placer:
    """Finds the place of tasks at one moment, within one transaction, and counts who came and went."""

    def __init__(self, connection: apsw.Connection, now: int) -> None:
        self.now = now
        self._connection = connection
        self._ageing_step_ms: int | None = None
        self._lanes: dict[LaneKey, int] = {}
        self._classes: dict[str, int] = {}
        self._tally: Counter[str] = Counter()
        self._in_lanes: Counter[tuple[int, int]] = Counter()

    def placement(self, task: Task, edge: Edge | None = None, lane: int | None = None) -> Placement:
        """Where `task` belongs now; `edge` is the worst it has, `lane` its lane where the caller knows that."""
        if not task.is_waiting:
            return Placement(Place.NOWHERE, (lane or self._lane(task)) if task.holds_slot else None)
        place = Place.QUEUE if task.eligible_at <= self.now else Place.TIMER
        if edge is not None:
            place = _BEHIND[edge]
        if self._ageing_step_ms is None:
            self._ageing_step_ms = one(self._connection, FIND_AGEING_STEP)
        return Placement(place, lane or self._lane(task), rank(task.eligible_at, task.priority, self._ageing_step_ms))

    def _lane(self, task: Task) -> int:
        key = lane_key(task)
        if key not in self._lanes:
            text = key.to_text()
            self._lanes[key] = one(self._connection, FIND_LANE, (text,)) or one(
                self._connection, ADD_LANE, (text, key.tenant)
            )
        return self._lanes[key]

    def class_number(self, name: str) -> int:
        """The number that stands for a class name in narrow rows."""
        if name not in self._classes:
            self._classes[name] = one(self._connection, FIND_CLASS, (name,)) or one(
                self._connection, ADD_CLASS, (name,)
            )
        return self._classes[name]

    def count(self, status: str, place: int, lane: int | None, by: int) -> None:
        """Takes note that a task with this status came (1) or went (−1)."""
        self._tally[status] += by
        if lane is not None:
            self._in_lanes[lane, place] += by

    def count_moved(self, lane: int, place: int, by: int) -> None:
        """The same for a task that only came to or left a place."""
        self._in_lanes[lane, place] += by

    def write_counts(self) -> None:
        """Writes what was counted."""
        add_to_tally(self._connection, self._tally.items())
        add_to_lanes(self._connection, self._in_lanes.items())


def add_to_tally(connection: apsw.Connection, changes: Iterable[tuple[str, int]]) -> None:
    """Adjusts the counts of statuses."""
    connection.executemany(ADD_TO_TALLY, [(name, by) for name, by in changes if by])


def add_to_lanes(connection: apsw.Connection, changes: Iterable[tuple[tuple[int, int], int]]) -> None:
    """Adjusts the counts of lanes by how many tasks came to each (lane, place); one update per lane.

    A task that is in a lane and stands nowhere holds a slot.
    """
    lanes: dict[int, list[int]] = {}
    for (lane, place), by in changes:
        counts = lanes.setdefault(lane, [0, 0, 0])
        counts[0] += by if place == Place.QUEUE else 0
        counts[2 if place == Place.NOWHERE else 1] += by
    connection.executemany(ADD_TO_LANE, [(lane, *counts) for lane, counts in lanes.items() if any(counts)])
