"""The heads of all lanes, kept from pass to pass: a pass reads only lanes in which something changed.

    feed, ripened timers ──► mark ──► stale lanes ──refresh──► views ──► planner
    committed claims ──► take_out (no reading; a lane that runs short becomes stale)

A lane keeps a few heads; twice as many once most of them were given away, eight times as many when they were not enough
in a round. So lanes that are served a lot are read in large pieces, and others cost next to nothing. What leaves the
queue behind our back (cancelled, paused) is found by the claim, which refuses it; its lane is read again then.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from skalds.model.snapshot import LaneView
from skalds.ports.dispatch_queue import DispatchQueue
from skalds.system_controller.lane_keys import LaneKeys

if TYPE_CHECKING:
    from skalds.model.plan import WaitReason

ROUND_LIMIT = 2_000
"""Most heads shown of one lane, and most tasks placed in one round."""

FEWEST_HEADS = 8
_WIDENING = 8

SPARE_KEYS = 10_000
"""Keys that are remembered although nothing waits in their lanes: those of most live runs need not be asked for."""


class ReadyLanes:
    """A picture of the dispatch queue; `refresh` makes it true, at a cost of what changed."""

    def __init__(self, queue: DispatchQueue, keys: LaneKeys) -> None:
        self._queue = queue
        self._keys = keys
        self._views: dict[int, LaneView] = {}
        self._depths: dict[int, int] = {}
        self._stale: set[int] = set()
        self._all_stale = True
        self.readings = 0
        """How often all lanes were read anew."""
        self.reasons: dict[int, WaitReason | None] = {}
        """The reason of each lane as the store has it."""

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

    async def refresh(self, room: int) -> Sequence[LaneView]:
        """Reads what is stale and returns all lanes with ready tasks; `room`: how many tasks could be placed."""
        if self._all_stale:
            await self._read_lanes()
        stale, self._stale = self._stale, set()
        try:
            await self._read_heads(stale, room)
        except BaseException:
            self._stale |= stale
            raise
        return list(self._views.values())

    def take_out(self, given: Mapping[int, Collection[str]], refused: Iterable[int]) -> None:
        """The tasks of `given` have left their lanes; in the lanes `refused` something is not as it looked."""
        for lane, ids in given.items():
            view = self._views.get(lane)
            if view is None:
                continue
            heads = [task for task in view.heads if task[1] not in ids]
            if heads:
                self._views[lane] = LaneView(lane, view.key, heads, view.more, view.shape)
            else:
                del self._views[lane]
            if view.more and len(heads) * 2 < self._depths.get(lane, FEWEST_HEADS):
                self._widen(lane, 2)
        self._stale.update(refused)

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
        self.reasons = {lane.id: lane.reason for lane in lanes}
        self._views = {lane.id: self._views[lane.id] for lane in lanes if lane.id in self._views}
        self._depths = {lane: depth for lane, depth in self._depths.items() if lane in self.reasons}
        self._stale.update(self.reasons)

    async def _read_heads(self, stale: Collection[int], room: int) -> None:
        if not stale:
            return
        await self._keys.learn(stale)
        keys = {lane: self._keys[lane] for lane in stale if lane in self._keys}
        # Twice what would fill the room from all lanes alike, and a few: lanes are not served alike.
        share = FEWEST_HEADS + 2 * room // max(1, len(self._views) or len(stale))
        limits = {lane: max(FEWEST_HEADS, min(self._depths.get(lane, share), room)) for lane in keys}
        heads = await self._queue.heads(limits) if limits else {}
        for lane, limit in limits.items():
            found = heads.get(lane, ())
            if not found:
                self._views.pop(lane, None)
                continue
            known = self._views.get(lane)
            shape = known.shape if known is not None else ""
            self._views[lane] = LaneView(lane, keys[lane], found, len(found) == limit, shape)
            self.reasons.setdefault(lane, None)
