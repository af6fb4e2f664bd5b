"""Where a task stands: in the queue, among the timers, behind others, on a node, or nowhere."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Self

from skalds.adapters.mongo.connection import Document
from skalds.adapters.mongo.feed_line import feed_line
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.task_lists import lists_of
from skalds.model.lane import rank
from skalds.model.task import Task


class Place(StrEnum):
    """The field `dispatch.place`, there exactly while a task waits."""

    READY = "ready"
    TIMER = "timer"
    BEHIND = "behind"
    """Behind tasks that are not Finished."""

    FORSAKEN = "forsaken"
    """Behind one that is over and not Finished."""


PLACES = [place.value for place in Place]


class Edges(NamedTuple):
    """What a task still waits for: the ids of those that are not Finished, and which of them are over all the same."""

    open: Sequence[str] = ()
    lost: Sequence[str] = ()

    @classmethod
    def of(cls, document: Document) -> Self:
        """Those of a document read with its `dispatch`."""
        dispatch = document.get("dispatch") or {}
        return cls(dispatch.get("open", ()), dispatch.get("lost", ()))


NO_EDGES = Edges()


class Placer:
    """Works out what follows from a version of a task at one moment, as the fields of `dispatch`."""

    def __init__(self, numbers: LaneNumbers, ageing_step_ms: int) -> None:
        self._numbers = numbers
        self._ageing_step_ms = ageing_step_ms

    def dispatch(self, task: Task, now: int, edges: Edges = NO_EDGES) -> Document:
        """The fields that follow from a version; those that it must not have are None."""
        waits, runs = task.is_waiting, task.holds_slot
        lane = self._numbers.number(task) if waits or runs else None
        place = place_of(task, now, edges) if waits else None
        return {
            "lists": lists_of(task),
            "place": place,
            "lane": lane,
            "rank": rank(task.eligible_at, task.priority, self._ageing_step_ms) if waits else None,
            "timer": task.eligible_at if place == Place.TIMER else None,
            "due": (task.deadline_date_time or None) if waits else None,
            "node": task.executor if runs else None,
            "session": (task.assignment.session if task.assignment else 0) if runs else None,
            "ended": _ended(task),
        }

    @staticmethod
    def told(task: Task, dispatch: Document) -> str:
        """What the feed tells of a version that stands like this."""
        return feed_line(task, dispatch["lane"] or 0, dispatch["place"] == Place.READY)


def place_of(task: Task, now: int, edges: Edges) -> str:
    """Where a waiting task belongs."""
    if edges.lost:
        return Place.FORSAKEN.value
    if edges.open:
        return Place.BEHIND.value
    return Place.READY.value if task.eligible_at <= now else Place.TIMER.value


def _ended(task: Task) -> dict[str, Any] | None:
    if not task.final or task.holds_slot:
        return None
    return {"plain" if task.idempotency_key is None else "keyed": task.update_date_time}
