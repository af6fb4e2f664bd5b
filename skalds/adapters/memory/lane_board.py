"""What is known of lanes."""

from collections.abc import Iterable, Mapping, Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.ports.lane_board import LaneBoard, LaneCount


class MemoryLaneBoard:
    """`LaneBoard` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._lanes = store.lanes

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        return self._lanes.keys(lanes)

    async def backlog(self) -> Sequence[LaneCount]:
        return [
            LaneCount(
                self._lanes.key(lane),
                self._store.queue.ready_in(lane),
                self._lanes.waiting[lane],
                self._lanes.reason(lane),
            )
            for lane in self._lanes.backlog()
        ]

    async def queued_by(self, tenant: str) -> int:
        return self._lanes.queued_by(tenant)

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        for lane, reason in reasons.items():
            self._lanes.note_reason(lane, reason)

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        return self._lanes.reasons(keys)


_: type[LaneBoard] = MemoryLaneBoard
