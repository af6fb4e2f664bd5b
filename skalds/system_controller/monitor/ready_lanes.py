"""The heads of all lanes, kept from pass to pass: a pass reads only lanes in which something changed.

    feed, ripened timers ──► mark ──► stale lanes ──refresh──► views ──► planner
    planned claims ──► take_out (no reading; a lane that runs short becomes stale) ──committed──► settle

A lane keeps a few heads; four times as many once most of them were given away, eight times as many when they were not
enough in a round. So lanes that are served a lot are read in large pieces, and others cost next to nothing. What leaves
the queue behind our back (cancelled, paused) is found by the claim, which refuses it; its lane is read again then.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from skalds.model.lane import LaneKey
from skalds.model.plan import Assign
from skalds.model.snapshot import LaneView, QueuedTask
from skalds.planning.waiting_lanes import WaitingLanes
from skalds.ports.dispatch_queue import DispatchQueue
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.monitor.noted_reasons import NotedReasons

ROUND_LIMIT = 4_000
"""Most heads shown of one lane, and most tasks placed in one round, for whose planning the loop is busy.

See docs/decisions/0018-claims-cost-by-pages.md.
"""

FEWEST_HEADS = 8
_REFILL, _WIDENING = 4, 8

SPARE_KEYS = 10_000
"""Keys that are remembered although nothing waits in their lanes: those of most live runs need not be asked for."""


class ReadyLanes:
    """A picture of the dispatch queue; `refresh` makes it true, at a cost of what changed."""

    def __init__(self, queue: DispatchQueue, keys: LaneKeys) -> None:
        self._queue = queue
        self._keys = keys
        self._lanes = WaitingLanes()
        self._depths: dict[int, int] = {}
        self._stale: set[int] = set()
        self._all_stale = True
        self._leaving: dict[int, Sequence[QueuedTask]] = {}
        self.readings = 0
        """How often all lanes were read anew."""
        self.noted = NotedReasons()

    def mark(self, lanes: Iterable[int]) -> None:
        """Something became ready in these lanes."""
        if not self._all_stale:  # or all lanes are read the next time, and here they would only pile up
            self._stale.update(lanes)

    def mark_all(self) -> None:
        """Nothing is certain any more."""
        self._all_stale = True

    def widen(self, lane: int) -> None:
        """The heads of this lane were not enough."""
        self._widen(lane, _WIDENING)

    async def refresh(self, room: int) -> WaitingLanes:
        """Reads what is stale and returns all lanes with ready tasks; `room`: how many tasks could be placed."""
        if self._all_stale:
            await self._read_lanes()
        stale, self._stale = self._stale, set()
        try:
            await self._read_heads(stale, room)
        except BaseException:
            self._stale |= stale
            raise
        return self._lanes

    def take_out(self, assigns: Sequence[Assign]) -> None:
        """These tasks, the first of their lanes, are being given away; until `settle` they may still be read."""
        self._leaving = {}
        changed = []
        for lane, number in Counter(assign.lane for assign in assigns).items():
            view = self._lanes.views[lane]
            self._leaving[lane] = view.heads[:number]
            heads = view.heads[number:]
            changed.append(LaneView(lane, view.key, heads, view.more, view.shape))
            if view.more and len(heads) * 2 < self._depths.get(lane, FEWEST_HEADS):
                self._widen(lane, _REFILL)
        self._lanes = self._lanes.changed(changed)
        self.noted.doubt(self._leaving)

    def settle(self, refused: Iterable[Assign]) -> None:
        """What was taken out has left its lanes, but for these; in their lanes something is not as it looked."""
        self._leaving = {}
        self._stale.update(assign.lane for assign in refused)

    def _widen(self, lane: int, times: int) -> None:
        self._depths[lane] = min(ROUND_LIMIT, self._depths.get(lane, FEWEST_HEADS) * times)
        self._stale.add(lane)

    async def _read_lanes(self) -> None:
        self._all_stale = False  # before reading, so that what is marked meanwhile stays marked
        try:
            lanes = await self._queue.lanes()
        except BaseException:
            self._all_stale = True
            raise
        for lane in lanes:
            self._keys.note(lane.id, lane.key)
        if len(self._keys) > len(lanes) + SPARE_KEYS:
            self._keys.keep_only({lane.id for lane in lanes})
        self.readings += 1
        listed = {lane.id: lane.reason for lane in lanes}
        self.noted.start_over(listed)
        gone = [replace(view, heads=()) for view in self._lanes if view.id not in listed]
        self._lanes = self._lanes.changed(gone)
        self._depths = {lane: depth for lane, depth in self._depths.items() if lane in listed}
        self._stale.update(listed)

    async def _read_heads(self, stale: Collection[int], room: int) -> None:
        if not stale:
            return
        await self._keys.learn(stale)
        keys = {lane: self._keys[lane] for lane in stale if lane in self._keys}
        # Twice what would fill the room from all lanes alike, and a few: lanes are not served alike.
        share = FEWEST_HEADS + 2 * room // max(1, len(self._lanes) or len(stale))
        limits = {
            lane: max(FEWEST_HEADS, min(self._depths.get(lane, share), room)) + len(self._leaving.get(lane, ()))
            for lane in keys
        }
        heads = await self._queue.heads(limits) if limits else {}
        self._lanes = self._lanes.changed(
            self._view(lane, keys[lane], heads.get(lane, ()), limit) for lane, limit in limits.items()
        )
        self.noted.doubt(limits)

    def _view(self, lane: int, key: LaneKey, heads: Sequence[QueuedTask], limit: int) -> LaneView:
        known = self._lanes.views.get(lane)
        leaving = {task[1] for task in self._leaving.get(lane, ())}
        staying = [task for task in heads if task[1] not in leaving] if leaving else heads
        return LaneView(lane, key, staying, len(heads) == limit, known.shape if known is not None else "")
