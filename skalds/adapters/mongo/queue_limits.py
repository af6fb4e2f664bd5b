"""How many tasks of a tenant wait, and how many may."""

from collections import Counter
from collections.abc import Mapping, Sequence

from skalds.adapters.mongo.connection import MongoStore, Session
from skalds.adapters.mongo.placing import PLACES
from skalds.errors import QueueFull
from skalds.model.task import Task


async def refuse_too_many(
    store: MongoStore, session: Session, new: Sequence[Task], queue_limits: Mapping[str, int]
) -> None:
    """Raises `QueueFull` if the new tasks would take a tenant over its limit.

    Writes one row per limited tenant first: two submits at the same moment must not both find the last place free.
    """
    coming = Counter(task.tenant for task in new if task.is_waiting and task.tenant in queue_limits)
    for tenant, number in coming.items():
        limit = queue_limits[tenant]
        row = {"_id": f"tenant:{tenant}"}
        await store.counters.update_one(row, {"$inc": {"submits": 1}}, upsert=True, session=session)
        room = limit - number
        if room < 0 or await waiting_of(store, tenant, session, at_most=room + 1) > room:
            raise QueueFull(tenant, limit)


async def waiting_of(store: MongoStore, tenant: str, session: Session | None = None, at_most: int | None = None) -> int:
    """How many tasks of a tenant wait; counting ends at `at_most`."""
    lanes = await store.lanes.find({"tenant": {"$eq": tenant}}, {"_id": 1}, session=session, hint="tenant").to_list()
    waiting = {"dispatch.place": {"$in": PLACES}, "dispatch.lane": {"$in": [lane["_id"] for lane in lanes]}}
    limit = {} if at_most is None else {"limit": at_most}
    return await store.tasks.count_documents(waiting, hint="waiting", session=session, **limit)
