"""On which nodes and in which lanes something waits or runs; each costs by what it names, not by tasks."""

from skalds.adapters.mongo.connection import Document, MongoStore, Session
from skalds.adapters.mongo.placing import PLACES

# Text greater than the empty one: as a range the index alone can answer it, as `$exists` it could not.
ANY_TEXT = {"$gt": ""}


async def live_nodes(store: MongoStore, session: Session | None = None) -> list[str]:
    """The nodes of which something holds slots."""
    return await store.tasks.distinct("dispatch.node", {"dispatch.node": ANY_TEXT}, session=session)


async def waiting_lanes(store: MongoStore, session: Session | None = None) -> set[int]:
    """The lanes in which something waits."""
    return {lane for place in PLACES for lane in await _lanes(store, lanes_in(place), "waiting", session)}


async def live_lanes(store: MongoStore, session: Session | None = None) -> set[int]:
    """The lanes of what holds slots; reads all of that, which is as much as the fleet can hold."""
    steps: list[Document] = [{"$match": {"dispatch.node": ANY_TEXT}}, {"$group": {"_id": "$dispatch.lane"}}]
    return {*await _lanes(store, steps, "live", session)}


def lanes_in(place: str) -> list[Document]:
    """Steps that skip from lane to lane in the index; asked for several places at once they would walk it."""
    return [
        {"$match": {"dispatch.place": place}},
        {"$sort": {"dispatch.lane": 1}},
        {"$group": {"_id": "$dispatch.lane"}},
    ]


async def _lanes(store: MongoStore, steps: list[Document], index: str, session: Session | None) -> list[int]:
    cursor = await store.tasks.aggregate(steps, hint=index, session=session)
    return [row["_id"] for row in await cursor.to_list()]
