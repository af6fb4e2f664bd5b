"""The collections and their indexes, each with a sentence on who needs it."""

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.task_lists import INDEX, LISTS


def _partial(fields: list[tuple[str, int]], name: str, condition: dict[str, Any], **more: Any) -> IndexModel:
    return IndexModel(fields, name=name, partialFilterExpression=condition, **more)


def _exists(field: str) -> dict[str, Any]:
    return {field: {"$exists": True}}


SINGLE_FIELDS = [
    "className",  # The classes that there are.
    "dispatch.timer",  # What becomes ready next.
    "dispatch.open",  # Who depends on a task.
    "dispatch.due",  # What waits beyond its deadline.
    "dispatch.ended",  # What may be forgotten, oldest first.
]

# Over the many documents of an installation that grew.
_BUILDING = timedelta(hours=1)

# An update costs by indexes, also by those in which it changes nothing; a partial one that has not the row costs less.
# A claim changes a row's entries in two of these, `waiting` and `live`.
TASKS = [
    # One task by its id, under the name that MongoDB gives the index of Skalds 0.3.8.
    IndexModel([("id", ASCENDING)], name="id_1", unique=True),
    # Lanes, their heads in order of dispatch, and how many tasks stand in each place of a lane.
    _partial(
        [("dispatch.place", ASCENDING), ("dispatch.lane", ASCENDING), ("dispatch.rank", ASCENDING), ("id", ASCENDING)],
        "waiting",
        _exists("dispatch.place"),
    ),
    # What holds slots of a session, and all that runs.
    _partial([("dispatch.node", ASCENDING), ("dispatch.session", ASCENDING)], "live", _exists("dispatch.node")),
    # One task per tenant and key.
    _partial(
        [("tenant", ASCENDING), ("idempotencyKey", ASCENDING)],
        "idempotency",
        {"idempotencyKey": {"$type": "string"}},
        unique=True,
    ),
    # Pages of tasks, newest first: of all, of a class, of a status, of a node.
    IndexModel([(LISTS, ASCENDING), ("createDateTime", DESCENDING), ("id", DESCENDING)], name=INDEX),
    # Each of these fields by itself, in order, where it is there: five indexes for the price of one.
    IndexModel([("$**", ASCENDING)], name="single_fields", wildcardProjection=dict.fromkeys(SINGLE_FIELDS, 1)),
]

LANES = [
    # The lanes of a tenant.
    IndexModel([("tenant", ASCENDING)], name="tenant"),
]

_A_DAY = 86_400
MARKS = [
    # Marks of feeds that ended without a word go by themselves.
    IndexModel([("at", ASCENDING)], name="age", expireAfterSeconds=_A_DAY),
]

_NAMES = ("tasks", "lanes", "nodes", "leases", "settings", "audit", "counters", "marks")
_EXISTS = 48


async def ensure_indexes(store: MongoStore) -> None:
    """Makes what is missing; what is there already costs nothing."""
    with store.writing(), store.patience(_BUILDING):
        await _make_collections(store)
        await store.tasks.create_indexes(TASKS, commitQuorum="majority")
        await store.lanes.create_indexes(LANES, commitQuorum="majority")
        await store.marks.create_indexes(MARKS, commitQuorum="majority")


async def _make_collections(store: MongoStore) -> None:
    """Beforehand, because a collection that is not there cannot be read as of one moment."""
    there = await store.database.list_collection_names()
    for name in _NAMES:
        if name not in there:
            try:
                await store.database.create_collection(name, check_exists=False)
            except OperationFailure as error:
                # Another controller starts at this moment.
                if error.code != _EXISTS:
                    raise
