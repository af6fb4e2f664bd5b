"""Lanes with their ready tasks in order, and the tasks whose moment has not come."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import islice

from skalds.model.lane import rank
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Task
from skalds.ports.dispatch_queue import Ripened


class _Line:
    """The ready tasks of one lane in order; taking from the front costs by what is taken, not by what waits behind."""

    def __init__(self) -> None:
        self._items: list[QueuedTask] = []
        self._first = 0

    def __len__(self) -> int:
        return len(self._items) - self._first

    def heads(self, limit: int) -> Sequence[QueuedTask]:
        return self._items[self._first : self._first + limit]

    def add(self, item: QueuedTask) -> None:
        insort(self._items, item, lo=self._first)

    def take_out(self, gone: Sequence[QueuedTask]) -> None:
        end = bisect_left(self._items, max(gone), lo=self._first) + 1
        if end - self._first <= 4 * len(gone) + 64:
            self._close_front(end, set(gone))
        else:
            for item in gone:
                del self._items[bisect_left(self._items, item, lo=self._first)]

    def _close_front(self, end: int, gone: set[QueuedTask]) -> None:
        """Moves the survivors before `end` up against it, so that nothing behind has to move."""
        stay = [item for item in islice(self._items, self._first, end) if item not in gone]
        self._first = end - len(stay)
        self._items[self._first : end] = stay
        if self._first > 1000 and self._first > len(self):
            del self._items[: self._first]
            self._first = 0


class ReadyQueue:
    """A task that could run stands either in the line of its lane or among the timers; both by its id."""

    def __init__(self, ageing_step_ms: int) -> None:
        self._ageing_step_ms = ageing_step_ms
        self._lines: dict[int, _Line] = {}
        self._ready: dict[str, tuple[int, QueuedTask]] = {}
        self._timers: list[tuple[int, str]] = []
        self._timed: dict[str, tuple[int, int, QueuedTask]] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._ready or task_id in self._timed

    def attempt_of(self, task_id: str) -> int | None:
        """The attempt of a task that stands in its line, else None."""
        place = self._ready.get(task_id)
        return None if place is None else place[1].attempt

    def add(self, task: Task, lane: int, now: int) -> bool:
        """Lets a waiting task stand where it belongs at `now`; says whether that is its line."""
        moment = rank(task.eligible_at, task.priority, self._ageing_step_ms)
        item = QueuedTask(moment, task.id, task.attempt, task.affinity_key)
        if task.eligible_at <= now:
            self._stand_in_line(lane, item)
            return True
        self._timed[task.id] = (task.eligible_at, lane, item)
        heappush(self._timers, (task.eligible_at, task.id))
        return False

    def take_out(self, task_ids: Iterable[str]) -> None:
        """Removes tasks from wherever they stand; those that stand nowhere are ignored."""
        gone: dict[int, list[QueuedTask]] = {}
        for task_id in task_ids:
            self._timed.pop(task_id, None)
            place = self._ready.pop(task_id, None)
            if place is not None:
                gone.setdefault(place[0], []).append(place[1])
        for lane, items in gone.items():
            line = self._lines[lane]
            line.take_out(items)
            if not line:
                del self._lines[lane]

    def ripen(self, now: int) -> Ripened:
        """Moves what is due from the timers into the lines; returns their lanes and the next moment."""
        lanes: set[int] = set()
        while self._timers:
            moment, task_id = self._timers[0]
            waiting = self._timed.get(task_id)
            if waiting is not None and waiting[0] == moment:
                if moment > now:
                    return Ripened(frozenset(lanes), moment)
                del self._timed[task_id]
                self._stand_in_line(waiting[1], waiting[2])
                lanes.add(waiting[1])
            heappop(self._timers)
        return Ripened(frozenset(lanes), None)

    def lanes(self) -> Sequence[int]:
        """The lanes with at least one task in line, by number."""
        return sorted(self._lines)

    def ready_in(self, lane: int) -> int:
        """How many tasks stand in the line of a lane."""
        line = self._lines.get(lane)
        return 0 if line is None else len(line)

    def heads(self, lane: int, limit: int) -> Sequence[QueuedTask]:
        """The first tasks of a lane."""
        line = self._lines.get(lane)
        return line.heads(limit) if line is not None else ()

    def _stand_in_line(self, lane: int, item: QueuedTask) -> None:
        self._lines.setdefault(lane, _Line()).add(item)
        self._ready[item.id] = (lane, item)
