"""How many tasks have each status, counted on indexes; only the documents of what holds slots are read."""

from collections import Counter
from collections.abc import Mapping

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.kept_answer import Counted
from skalds.adapters.mongo.snapshot import at_one_moment, long_reading
from skalds.adapters.mongo.task_lists import CREATED, INDEX, LISTS, MOVING, RESTING, UNLISTED, of_status

LISTED: list[Document] = [{LISTS: of_status(status)} for status in (*RESTING, *MOVING)]
"""Conditions of what is in the list of a status."""

UNCOUNTED: list[tuple[Document, str]] = [
    ({"dispatch.node": {"$exists": True}, "lifecycleStatus": {"$in": MOVING}, LISTS: {"$ne": None}}, "live"),
    (UNLISTED, INDEX),
]
"""Where to find what is not, and by which index: what runs, and rows of Skalds 0.3.8."""


async def count_statuses(store: MongoStore) -> Counted[Mapping[str, int]]:
    """The counts at one moment; absent statuses are left out."""
    with long_reading():
        return await at_one_moment(store, lambda session: _count_statuses(store, session))


async def _count_statuses(store: MongoStore, session: Session) -> Counted[Mapping[str, int]]:
    counts: Counter[str] = Counter()
    for status, condition in zip((*RESTING, *MOVING), LISTED, strict=True):
        counts[status] = await store.tasks.count_documents(condition, hint=INDEX, session=session)
    for condition, index in UNCOUNTED:
        counts.update(await _group(store, session, condition, index))
    total = await store.tasks.count_documents({}, hint="id_1", session=session)
    # All the others, of which there may be very many: no list has them, for a claim would have to take them out.
    counts[CREATED] = 0
    counts[CREATED] = total - counts.total()
    return Counted(dict(+counts), total)


async def _group(store: MongoStore, session: Session, condition: Document, index: str) -> Mapping[str, int]:
    steps = [{"$match": condition}, {"$group": {"_id": "$lifecycleStatus", "count": {"$sum": 1}}}]
    found = await (await store.tasks.aggregate(steps, hint=index, session=session)).to_list()
    # Without a status a task is Created.
    return {row["_id"] or CREATED: row["count"] for row in found}
