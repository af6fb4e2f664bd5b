"""Where a task stands: in the queue, among the timers, or nowhere."""

from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

import apsw

from skalds.adapters.sqlite.select import one
from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.task import Task

# What ranks are computed with.
FIND_AGEING_STEP = "SELECT step_ms FROM ageing"
# The number of a lane that was seen before.
FIND_LANE = "SELECT id FROM lane WHERE key = ?"
# A lane met for the first time.
ADD_LANE = "INSERT INTO lane (key) VALUES (?) RETURNING id"
# The number of a class that was seen before.
FIND_CLASS = "SELECT id FROM class WHERE name = ?"
# A class met for the first time.
ADD_CLASS = "INSERT INTO class (name) VALUES (?) RETURNING id"
# Counts that follow from what the transaction did.
ADD_TO_TALLY = "INSERT INTO tally (name, n) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET n = n + ?2"

READY = "ready"
"""Name of the tally of the queue; all others are statuses."""


class Place(IntEnum):
    """The column `run.place`."""

    NOWHERE = 0
    QUEUE = 1
    TIMER = 2


class Placement(NamedTuple):
    """The columns that say where a task stands; lane and rank are kept as long as it waits."""

    place: Place
    lane: int | None = None
    rank: int | None = None


class Placer:
    """Finds the place of tasks at one moment, within one transaction, and counts who came and went."""

    def __init__(self, connection: apsw.Connection, now: int) -> None:
        self._connection = connection
        self._now = now
        self._ageing_step_ms: int | None = None
        self._lanes: dict[LaneKey, int] = {}
        self._classes: dict[str, int] = {}
        self._tally: Counter[str] = Counter()

    def placement(self, task: Task) -> Placement:
        """Where `task` belongs now."""
        if not task.is_waiting:
            return Placement(Place.NOWHERE)
        key = lane_key(task)
        if key not in self._lanes:
            self._lanes[key] = _number(self._connection, FIND_LANE, ADD_LANE, key.to_text())
        place = Place.QUEUE if task.eligible_at <= self._now else Place.TIMER
        if self._ageing_step_ms is None:
            self._ageing_step_ms = one(self._connection, FIND_AGEING_STEP)
        return Placement(place, self._lanes[key], rank(task.eligible_at, task.priority, self._ageing_step_ms))

    def class_number(self, name: str) -> int:
        """The number that stands for a class name in narrow rows."""
        if name not in self._classes:
            self._classes[name] = _number(self._connection, FIND_CLASS, ADD_CLASS, name)
        return self._classes[name]

    def count(self, status: str, place: int, by: int) -> None:
        """Takes note that a task with this status came (1) or went (−1)."""
        self._tally[status] += by
        if place == Place.QUEUE:
            self._tally[READY] += by

    def write_tally(self) -> None:
        """Writes what was counted."""
        add_to_tally(self._connection, self._tally.items())


def add_to_tally(connection: apsw.Connection, changes: Iterable[tuple[str, int]]) -> None:
    """Adjusts the counts of statuses and of the queue."""
    connection.executemany(ADD_TO_TALLY, [(name, by) for name, by in changes if by])


def _number(connection: apsw.Connection, find: str, add: str, text: str) -> int:
    number: int = one(connection, find, (text,)) or one(connection, add, (text,))
    return number
