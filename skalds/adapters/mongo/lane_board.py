"""What is known of lanes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pymongo import UpdateMany

from skalds.adapters.mongo.connection import Document, MongoStore
from skalds.adapters.mongo.kept_answer import Counted, KeptAnswer
from skalds.adapters.mongo.lane_numbers import LaneNumbers, lane_number
from skalds.adapters.mongo.live_nodes import waiting_lanes
from skalds.adapters.mongo.placing import PLACES, Place
from skalds.adapters.mongo.queue_limits import waiting_of
from skalds.adapters.mongo.snapshot import long_reading
from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.ports.lane_board import LaneBoard, LaneCount

COUNT_WAITING: list[Document] = [
    {"$match": {"dispatch.place": {"$in": PLACES}}},
    {"$group": {"_id": {"lane": "$dispatch.lane", "place": "$dispatch.place"}, "count": {"$sum": 1}}},
]


class MongoLaneBoard:
    """`LaneBoard` on MongoDB; nothing is counted but when somebody asks, for a count that every submit and every claim
    writes would make all of them wait for each other: so the backlog costs by tasks, though it reads none, and may be a
    few seconds old when very many wait.
    """

    def __init__(self, store: MongoStore, numbers: LaneNumbers) -> None:
        self._store = store
        self._numbers = numbers
        self._backlog = KeptAnswer(self._count_backlog)

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        return await self._numbers.keys(lanes)

    async def backlog(self) -> Sequence[LaneCount]:
        return await self._backlog.get()

    async def queued_by(self, tenant: str) -> int:
        with self._store.reading():
            waiting = await waiting_lanes(self._store)
        # So that none is missing whose key was forgotten.
        await self._numbers.keys(waiting)
        with self._store.reading(), long_reading():
            return await waiting_of(self._store, tenant)

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        by_reason: dict[str | None, list[int]] = {}
        for lane, reason in reasons.items():
            by_reason.setdefault(reason.value if reason else None, []).append(lane)
        if not by_reason:
            return
        writes = [
            UpdateMany({"_id": {"$in": lanes}, "reason": {"$ne": reason}}, {"$set": {"reason": reason}})
            for reason, lanes in by_reason.items()
        ]
        with self._store.writing():
            await self._store.lanes.bulk_write(writes, ordered=False)

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        with self._store.reading():
            found = await self._store.lanes.find({"_id": {"$in": [lane_number(key) for key in keys]}}).to_list()
        kept = {lane["key"]: reason_of(lane) for lane in found}
        return {key: kept[text] for key in keys if (text := key.to_text()) in kept}

    async def _count_backlog(self) -> Counted[Sequence[LaneCount]]:
        ready: Counter[int] = Counter()
        waiting: Counter[int] = Counter()
        with self._store.reading(), long_reading():
            for row in await (await self._store.tasks.aggregate(COUNT_WAITING, hint="waiting")).to_list():
                lane, place = row["_id"]["lane"], row["_id"]["place"]
                waiting[lane] += row["count"]
                ready[lane] += row["count"] if place == Place.READY else 0
            found = await self._store.lanes.find({"_id": {"$in": [*waiting]}, "reason": {"$ne": None}}).to_list()
        reasons = {lane["_id"]: reason_of(lane) for lane in found}
        keys = await self._numbers.keys(waiting)
        counts = [LaneCount(keys[lane], ready[lane], waiting[lane], reasons.get(lane)) for lane in sorted(keys)]
        return Counted(counts, waiting.total())


def reason_of(lane: Document) -> WaitReason | None:
    """Why a lane waits, as it is stored."""
    return None if lane["reason"] is None else WaitReason(lane["reason"])


_: type[LaneBoard] = MongoLaneBoard
