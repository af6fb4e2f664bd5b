"""Lanes with their ready tasks in order, and the tasks whose moment has not come."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import islice

from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.plan import WaitReason
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Task
from skalds.ports.dispatch_queue import Lane


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
    """A waiting task stands either in the line of its lane or among the timers; both by its id."""

    def __init__(self, ageing_step_ms: int) -> None:
        self._ageing_step_ms = ageing_step_ms
        self._lane_ids: dict[LaneKey, int] = {}
        self._last_lane = 0
        self._keys: dict[int, LaneKey] = {}
        self._reasons: dict[int, WaitReason | None] = {}
        self._lines: dict[int, _Line] = {}
        self._ready: dict[str, tuple[int, QueuedTask]] = {}
        self._timers: list[tuple[int, str]] = []
        self._timed: dict[str, tuple[int, int, QueuedTask]] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def attempt_of(self, task_id: str) -> int | None:
        """The attempt of a task that stands in its line, else None."""
        place = self._ready.get(task_id)
        return None if place is None else place[1].attempt

    def add(self, task: Task, now: int) -> bool:
        """Lets a waiting task stand where it belongs at `now`; says whether that is its line."""
        lane = self._lane_id(lane_key(task))
        item = QueuedTask(rank(task.eligible_at, task.priority, self._ageing_step_ms), task.id, task.attempt)
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

    def ripen(self, now: int) -> int | None:
        """Moves what is due from the timers into the lines; returns the next moment."""
        while self._timers:
            moment, task_id = self._timers[0]
            waiting = self._timed.get(task_id)
            if waiting is not None and waiting[0] == moment:
                if moment > now:
                    return moment
                del self._timed[task_id]
                self._stand_in_line(waiting[1], waiting[2])
            heappop(self._timers)
        return None

    def lanes(self) -> Sequence[Lane]:
        """The lanes with at least one task in line, by id."""
        return [Lane(lane, self._keys[lane], self._reasons.get(lane)) for lane in sorted(self._lines)]

    def heads(self, lane: int, limit: int) -> Sequence[QueuedTask]:
        """The first tasks of a lane."""
        line = self._lines.get(lane)
        return line.heads(limit) if line is not None else ()

    def note_reason(self, lane: int, reason: WaitReason | None) -> None:
        """Keeps why a lane waits."""
        if lane in self._keys:
            self._reasons[lane] = reason

    def knows(self, key: LaneKey) -> bool:
        """Whether a task ever waited in the lane of this key."""
        return key in self._lane_ids

    def reason(self, key: LaneKey) -> WaitReason | None:
        """Why the lane of this key waits."""
        return self._reasons.get(self._lane_ids[key])

    def forget_lanes(self) -> int:
        """Forgets the lanes in which nothing waits, but not the last one; returns how many."""
        used = {*self._lines, *(lane for _, lane, _ in self._timed.values()), self._last_lane}
        unused = [key for key, lane in self._lane_ids.items() if lane not in used]
        for key in unused:
            lane = self._lane_ids.pop(key)
            del self._keys[lane]
            self._reasons.pop(lane, None)
        return len(unused)

    def _stand_in_line(self, lane: int, item: QueuedTask) -> None:
        self._lines.setdefault(lane, _Line()).add(item)
        self._ready[item.id] = (lane, item)

    def _lane_id(self, key: LaneKey) -> int:
        lane = self._lane_ids.get(key)
        if lane is None:
            lane = self._last_lane = self._last_lane + 1
            self._lane_ids[key] = lane
            self._keys[lane] = key
        return lane
