"""Forgetting what is over."""

from collections.abc import Sequence

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.live_nodes import live_lanes, live_nodes, waiting_lanes
from skalds.model.lease import LeaseRow
from skalds.ports.retention import Forgotten, Retention

PLAIN, KEYED = "dispatch.ended.plain", "dispatch.ended.keyed"
"""When a task without, and one with an idempotency key was over."""

GONE = ""
"""In a list of dependencies: a task that was forgotten and can therefore never be Finished."""


class MongoRetention:
    """`Retention` on MongoDB; each call is one transaction."""

    def __init__(self, store: MongoStore, numbers: LaneNumbers) -> None:
        self._store = store
        self._numbers = numbers

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        async def work(session: Session) -> int:
            ids = await self._ended(session, PLAIN, before, limit)
            ids += await self._ended(session, KEYED, keyed_before, limit - len(ids))
            if ids:
                await self._store.tasks.delete_many({"id": {"$in": ids}}, session=session)
                await self._cut_off(session, ids)
            return len(ids)

        return await self._store.transact(work, lease=lease)

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        async def work(session: Session) -> tuple[Sequence[int], int]:
            return await self._forget_lanes(session), await self._forget_nodes(session, before)

        lanes, nodes = await self._store.transact(work, lease=lease)
        self._numbers.forget(lanes)
        await self._mend(lanes)
        return Forgotten(len(lanes), nodes)

    async def _ended(self, session: Session, kind: str, before: int, limit: int) -> list[str]:
        """The oldest that may go, at most `limit`; how a task ended stays known while one that waits is to learn it."""
        found: list[str] = []
        if limit <= 0:
            return found
        cursor = self._store.tasks.find(
            ended(kind, before), {"_id": 0, "id": 1}, sort={kind: 1}, batch_size=limit, session=session
        ).hint("single_fields")
        while len(found) < limit and (batch := await cursor.to_list(limit)):
            ids = [task["id"] for task in batch]
            needed = await self._needed(session, ids)
            found += [id_ for id_ in ids if id_ not in needed]
        await cursor.close()
        return found[:limit]

    async def _needed(self, session: Session, ids: Sequence[str]) -> set[str]:
        waits = {**dependants_of(ids), "dispatch.place": {"$exists": True}}
        found = await self._store.tasks.find(waits, {"_id": 0, "dispatch.open": 1}, session=session).to_list()
        return {id_ for task in found for id_ in task["dispatch"]["open"]}

    async def _cut_off(self, session: Session, ids: Sequence[str]) -> None:
        """None of those that depend on these tasks waits now; should one ever wait again, it waits in vain."""
        await self._store.tasks.update_many(
            dependants_of(ids),
            {"$set": {"dispatch.open.$[gone]": GONE, "dispatch.lost.$[gone]": GONE}},
            array_filters=[{"gone": {"$in": [*ids]}}],
            session=session,
        )

    async def _forget_lanes(self, session: Session) -> Sequence[int]:
        used = await waiting_lanes(self._store, session) | await live_lanes(self._store, session)
        known = await self._store.lanes.find({}, {"_id": 1}, session=session).to_list()
        unused = [lane["_id"] for lane in known if lane["_id"] not in used]
        if unused:
            await self._store.lanes.delete_many({"_id": {"$in": unused}}, session=session)
        return unused

    async def _forget_nodes(self, session: Session, before: int) -> int:
        busy = await live_nodes(self._store, session)
        old = {"closed": True, "registeredAt": {"$lt": before}, "_id": {"$nin": busy}}
        return (await self._store.nodes.delete_many(old, session=session)).deleted_count

    async def _mend(self, lanes: Sequence[int]) -> None:
        """Another process may have put a task into one of these lanes while they were forgotten."""
        if not lanes:
            return
        with self._store.reading():
            used = await waiting_lanes(self._store) | await live_lanes(self._store)
        await self._numbers.keys(used.intersection(lanes))


def ended(kind: str, before: int) -> Document:
    """Condition of what is over since before this moment, `PLAIN` or `KEYED`.

    A node whose clock stood in the past when it reported must not make a new task look old, hence both moments.
    """
    return {kind: {"$lt": before}, "createDateTime": {"$lt": before}}


def dependants_of(ids: Sequence[str]) -> Document:
    """Condition of what depends on one of these tasks that is not Finished."""
    return {"dispatch.open": {"$in": [*ids]}}


_: type[Retention] = MongoRetention
