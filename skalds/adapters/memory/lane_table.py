"""The lanes: their numbers and keys, why each waits, and how many tasks wait and run in it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason


class LaneTable:
    """Numbers are given once and never again; the counts follow what the store tells."""

    def __init__(self) -> None:
        self._numbers: dict[LaneKey, int] = {}
        self._last = 0
        self._keys: dict[int, LaneKey] = {}
        self._reasons: dict[int, WaitReason | None] = {}
        self.waiting: Counter[int] = Counter()
        self.live: Counter[int] = Counter()

    def number(self, key: LaneKey) -> int:
        """The number of this key's lane, a new one if it is met for the first time."""
        lane = self._numbers.get(key)
        if lane is None:
            lane = self._last = self._last + 1
            self._numbers[key] = lane
            self._keys[lane] = key
        return lane

    def key(self, lane: int) -> LaneKey:
        """The key of a lane there is."""
        return self._keys[lane]

    def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        """The keys of those of these lanes there are."""
        return {lane: self._keys[lane] for lane in lanes if lane in self._keys}

    def backlog(self) -> Sequence[int]:
        """The lanes in which something waits, by number."""
        return sorted(lane for lane, waiting in self.waiting.items() if waiting)

    def queued_by(self, tenant: str) -> int:
        """How many tasks of a tenant wait."""
        return sum(waiting for lane, waiting in self.waiting.items() if waiting and self._keys[lane].tenant == tenant)

    def reason(self, lane: int) -> WaitReason | None:
        """Why a lane waits."""
        return self._reasons.get(lane)

    def note_reason(self, lane: int, reason: WaitReason | None) -> None:
        """Keeps why a lane waits."""
        if lane in self._keys:
            self._reasons[lane] = reason

    def reasons(self, keys: Collection[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        """The reasons of those of these lanes there are."""
        return {key: self._reasons.get(self._numbers[key]) for key in keys if key in self._numbers}

    def forget_unused(self) -> int:
        """Forgets the lanes in which nothing waits or runs; returns how many."""
        unused = [lane for lane in self._keys if not self.waiting[lane] and not self.live[lane]]
        for lane in unused:
            del self._numbers[self._keys.pop(lane)]
            for kept in (self._reasons, self.waiting, self.live):
                kept.pop(lane, None)
        return len(unused)
