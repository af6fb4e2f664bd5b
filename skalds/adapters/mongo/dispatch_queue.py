"""Lanes, heads and timers; the claim is in a file of its own."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from skalds.adapters.mongo.claiming import give
from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.live_nodes import lanes_in
from skalds.adapters.mongo.placing import Place
from skalds.errors import OutcomeUnknown
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.snapshot import QueuedTask
from skalds.ports.dispatch_queue import Claim, DispatchQueue, Lane, Ripened

T = TypeVar("T")

_RIPEN_BATCH = 1_000
_LANES_BATCH = 50_000
_LANES_A_REQUEST = 1_000
_READERS = 4
_UNSETTLED_KEPT = 1_000
_IS_READY = {"dispatch.place": Place.READY.value}
_FOR_EVER = 2**63 - 1


class MongoDispatchQueue:
    """`DispatchQueue` on MongoDB."""

    def __init__(self, store: MongoStore, numbers: LaneNumbers) -> None:
        self._store = store
        self._numbers = numbers
        self._readers = asyncio.Semaphore(_READERS)
        self._unsettled: dict[str, list[str]] = {}
        """Claim id → the tasks it was about, of claims whose outcome was unknown."""

    async def ripen(self, now: int) -> Ripened:
        lanes: set[int] = set()
        while True:
            due = await self._timers(now, _RIPEN_BATCH)
            if not due:
                break
            lanes.update(task["dispatch"]["lane"] for task in due)
            await self._make_ready([task["id"] for task in due], now)
        coming = await self._timers(_FOR_EVER, 1)
        return Ripened(frozenset(lanes), coming[0]["dispatch"]["timer"] if coming else None)

    async def lanes(self) -> Sequence[Lane]:
        with self._store.reading():
            cursor = await self._store.tasks.aggregate(
                lanes_in(Place.READY.value), hint="waiting", batchSize=_LANES_BATCH
            )
            numbers = sorted([lane["_id"] async for lane in cursor])
            found = await self._store.lanes.find({"_id": {"$in": numbers}, "reason": {"$ne": None}}).to_list()
        reasons = {lane["_id"]: WaitReason(lane["reason"]) for lane in found}
        keys = await self._numbers.keys_of_used(numbers)
        # A lane without a key was emptied since.
        return [Lane(number, keys[number], reasons.get(number)) for number in numbers if number in keys]

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        # A request can ask for one limit only, so lanes with much the same one are asked for together.
        by_limit: dict[int, list[int]] = {}
        for lane, limit in limits.items():
            by_limit.setdefault(_next_power_of_two(limit), []).append(lane)
        parts = [(limit, part) for limit, lanes in by_limit.items() for part in _parts(lanes)]
        found = await self._at_once(self._heads(lanes, limit) for limit, lanes in parts)
        return {lane: tasks[: limits[lane]] for heads in found for lane, tasks in heads.items()}

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        async def work(session: Session) -> Sequence[Assign]:
            return await give(self._store, session, claims, lease.term)

        try:
            return await self._store.transact(work, lease=lease)
        except OutcomeUnknown:
            self._remember(claims)
            raise

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        wanted: Document = {"assignment.id": {"$in": [*claim_ids]}}
        about = [self._unsettled.get(id_) for id_ in claim_ids]
        if None not in about:
            # Nobody asks for the claims of others, so this is the rule; otherwise every row has to be looked at.
            wanted["id"] = {"$in": [task_id for ids in about for task_id in ids or ()]}
        with self._store.reading(), self._store.patience() if None in about else nullcontext():
            found = await self._store.tasks.find(wanted, {"_id": 0, "id": 1}).to_list()
        return [task["id"] for task in found]

    async def _timers(self, until: int, limit: int) -> list[Document]:
        """The timers up to this moment, the earliest first."""
        fields = {"_id": 0, "id": 1, "dispatch.timer": 1, "dispatch.lane": 1}
        cursor = self._store.tasks.find(timers(until), fields, sort={"dispatch.timer": 1}, limit=limit)
        with self._store.reading():
            return await cursor.hint("single_fields").to_list()

    async def _make_ready(self, ids: Sequence[str], now: int) -> None:
        due = {"id": {"$in": ids}, **timers(now)}
        with self._store.writing():
            update = {"$set": _IS_READY, "$unset": {"dispatch.timer": ""}}
            await self._store.tasks.update_many(due, update, hint="id_1")

    async def _heads(self, lanes: Sequence[int], limit: int) -> Mapping[int, Sequence[QueuedTask]]:
        # One request for all of them; from the table of lanes, because that has exactly one row for each.
        steps: list[Document] = [{"$match": {"_id": {"$in": lanes}}}, {"$project": {"_id": 1}}, _first_tasks(limit)]
        with self._store.reading():
            cursor = await self._store.lanes.aggregate(steps, batchSize=len(lanes))
            found = await cursor.to_list()
        return {lane["_id"]: [_queued(task) for task in lane["tasks"]] for lane in found if lane["tasks"]}

    async def _at_once(self, readings: Iterable[Awaitable[T]]) -> Sequence[T]:
        """Reads several things, a few at a time: the server has more than one core."""

        async def read(reading: Awaitable[T]) -> T:
            async with self._readers:
                return await reading

        return await asyncio.gather(*(read(reading) for reading in readings))

    def _remember(self, claims: Sequence[Claim]) -> None:
        if len(self._unsettled) > _UNSETTLED_KEPT:
            self._unsettled.clear()
        for claim in claims:
            self._unsettled[claim.id] = [assign.task_id for assign in claim.assigns]


def timers(until: int) -> Document:
    """Condition of what becomes ready up to this moment."""
    return {"dispatch.timer": {"$lte": until}, "dispatch.place": Place.TIMER.value}


def _first_tasks(limit: int) -> Document:
    steps: list[Document] = [
        {"$match": _IS_READY},
        {"$sort": {"dispatch.rank": 1, "id": 1}},
        {"$limit": limit},
        {"$project": {"_id": 0, "id": 1, "attempt": 1, "affinityKey": 1, "dispatch.rank": 1}},
    ]
    return {
        "$lookup": {
            "from": "tasks",
            "localField": "_id",
            "foreignField": "dispatch.lane",
            "pipeline": steps,
            "as": "tasks",
        }
    }


def _parts(lanes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Portions that a request has time for."""
    return (lanes[start : start + _LANES_A_REQUEST] for start in range(0, len(lanes), _LANES_A_REQUEST))


def _next_power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _queued(task: Mapping[str, Any]) -> QueuedTask:
    return QueuedTask(task["dispatch"]["rank"], task["id"], task["attempt"], task.get("affinityKey"))


_: type[DispatchQueue] = MongoDispatchQueue
