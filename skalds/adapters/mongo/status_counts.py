"""How many tasks have each status, counted on indexes; only the documents of what holds slots are read."""

from collections import Counter
from collections.abc import Mapping

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.kept_answer import Counted
from skalds.adapters.mongo.snapshot import at_one_moment, long_reading
from skalds.model.task import TaskLifecycleStatus

RESTING = [
    TaskLifecycleStatus.PAUSED.value,
    TaskLifecycleStatus.FINISHED.value,
    TaskLifecycleStatus.FAILED.value,
    TaskLifecycleStatus.CANCELLED.value,
]
"""Statuses of which the index `status_newest` has every task."""

MOVING = [TaskLifecycleStatus.ASSIGNING.value, TaskLifecycleStatus.RUNNING.value]
"""Statuses of which that index has those that hold no slot, and the index `live` the others."""

ANYWHERE: list[tuple[Document, str]] = [
    ({"lifecycleStatus": {"$in": MOVING}, "dispatch.node": None}, "status_newest"),
    ({"lifecycleStatus": {"$in": MOVING}, "dispatch.node": {"$exists": True}}, "live"),
]
"""Where to find all that moves, and by which index."""


async def count_statuses(store: MongoStore) -> Counted[Mapping[str, int]]:
    """The counts at one moment; absent statuses are left out."""
    with long_reading():
        return await at_one_moment(store, lambda session: _count_statuses(store, session))


async def _count_statuses(store: MongoStore, session: Session) -> Counted[Mapping[str, int]]:
    counts: Counter[str] = Counter()
    for status in RESTING:
        counts[status] = await _count(store, session, {"lifecycleStatus": status}, "status_newest")
    for condition, index in ANYWHERE:
        counts.update(await _group(store, session, condition, index))
    total = await _count(store, session, {}, "newest")
    # All the others, of which there may be very many: no index has them by status, for a claim would have to change it.
    counts[TaskLifecycleStatus.CREATED.value] = total - counts.total()
    return Counted(dict(+counts), total)


async def _count(store: MongoStore, session: Session, condition: Document, index: str) -> int:
    return await store.tasks.count_documents(condition, hint=index, session=session)


async def _group(store: MongoStore, session: Session, condition: Document, index: str) -> Mapping[str, int]:
    steps = [{"$match": condition}, {"$group": {"_id": "$lifecycleStatus", "count": {"$sum": 1}}}]
    found = await (await store.tasks.aggregate(steps, hint=index, session=session)).to_list()
    return {row["_id"]: row["count"] for row in found}
