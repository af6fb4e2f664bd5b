"""Sees that no task waits beside a free slot: what the dispatcher should have placed and did not, it reports and mends.

It looks at some lanes at a time, in turn: where many wait, a look costs as much as where few do, and a round takes
longer. That finds nothing wrong, for a task that may start now may do so whatever waits in other lanes.

It reads the lanes from the store and plans by itself, so it does not share what the dispatcher may have wrong. The
picture of nodes and live runs is common to both; the audit of the change tail sees to that.
"""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from skalds.model.snapshot import LaneView
from skalds.planning.dispatch import plan_dispatch
from skalds.runtime.log_setup import log_event
from skalds.system_controller.change_tail import ChangeTail
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.monitor.dispatcher import Dispatcher, Sight
from skalds.system_controller.monitor.ready_lanes import FEWEST_HEADS
from skalds.system_controller.monitor.snapshot_reader import room_of
from skalds.system_controller.surroundings import Surroundings

if TYPE_CHECKING:
    from skalds.ports.dispatch_queue import Lane

MOST_LANES = 500
"""Lanes in one look."""

_SHOWN = 5


class Watchdog:
    """Looks each second, while this controller leads; two looks at a resting dispatcher must find the same task."""

    def __init__(
        self, leadership: Leadership, dispatcher: Dispatcher, around: Surroundings, sight: Sight, tail: ChangeTail
    ) -> None:
        self._leadership = leadership
        self._dispatcher = dispatcher
        self._queue = around.engine.queue
        self._clock = around.clock
        self._picture = sight.picture
        self._tail = tail
        self._overlooked: frozenset[tuple[str, int]] = frozenset()
        self._round: Sequence[Lane] = ()
        """The lanes still to look at; first those of the latest look, while it has to be repeated."""
        self._looks_again = False

    async def run_once(self) -> int:
        """One look; returns how many tasks had been overlooked for a second or more."""
        if not self._is_at_rest():
            return 0
        found = await self._look()
        if found and not self._is_at_rest():
            return 0  # it is about to place them
        self._looks_again = bool(found) and not self._looks_again
        if not self._looks_again:
            self._round = self._round[MOST_LANES:]
        before, self._overlooked = self._overlooked, found
        stalled = before & found
        if stalled:
            shown = ", ".join(sorted(task for task, _ in stalled)[:_SHOWN])
            log_event("WARNING", "dispatch.stalled", tasks=len(stalled), first=shown)
            self._dispatcher.stats.stalled_total += len(stalled)
            await self._tail.audit()
            self._dispatcher.follow([])
        return len(stalled)

    def _is_at_rest(self) -> bool:
        return self._dispatcher.is_at_rest

    async def _look(self) -> frozenset[tuple[str, int]]:
        """The tasks, by id and attempt, that a plan would place now."""
        control = self._dispatcher.control
        idle = self._leadership.lease is None or control.policy.paused
        if idle or not room_of(self._picture.nodes()):
            return frozenset()
        lanes = await self._read_lanes()
        if not lanes:
            return frozenset()
        snapshot = self._picture.snapshot(self._clock.wall_ms(), lanes)
        rng = random.Random(0)  # noqa: S311 - places nothing
        plan = plan_dispatch(snapshot, control.make_strategy(), rng)
        return frozenset((assign.task_id, assign.attempt) for assign in plan.assignments)

    async def _read_lanes(self) -> Sequence[LaneView]:
        if not self._round:
            self._round = await self._queue.lanes()
        lanes = self._round[:MOST_LANES]
        heads = await self._queue.heads({lane.id: FEWEST_HEADS for lane in lanes}) if lanes else {}
        # A lane that has more ends the plan where it would come next, so that no task is found before its turn.
        return [
            LaneView(lane.id, lane.key, heads[lane.id], len(heads[lane.id]) == FEWEST_HEADS)
            for lane in lanes
            if lane.id in heads
        ]
