"""The indexes of all collections, each with a sentence on who needs it."""

from datetime import timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.placing import Place


def _partial(fields: list[tuple[str, int]], name: str, condition: dict[str, Any], **more: Any) -> IndexModel:
    return IndexModel(fields, name=name, partialFilterExpression=condition, **more)


def _exists(field: str) -> dict[str, Any]:
    return {field: {"$exists": True}}


# Over the many documents of an installation that grew.
_BUILDING = timedelta(hours=1)

_NEWEST = [("createDateTime", DESCENDING), ("id", DESCENDING)]
_AT_REST: list[dict[str, Any]] = [
    {"lifecycleStatus": {"$in": ["Paused", "Finished", "Failed", "Cancelled"]}},
    {"lifecycleStatus": {"$in": ["Assigning", "Running"]}, "dispatch.node": None},
    {"lifecycleStatus": "Created", "final": True},
]

# A claim changes a row's entries in two of these, `waiting` and `live`; every further one would cost it a third more.
TASKS = [
    # One task by its id, under the name that MongoDB gives the index of Skalds 0.3.8.
    IndexModel([("id", ASCENDING)], name="id_1", unique=True),
    # Lanes, their heads in order of dispatch, and how many tasks stand in each place of a lane.
    _partial(
        [("dispatch.place", ASCENDING), ("dispatch.lane", ASCENDING), ("dispatch.rank", ASCENDING), ("id", ASCENDING)],
        "waiting",
        _exists("dispatch.place"),
    ),
    # What becomes ready next.
    _partial([("eligibleAt", ASCENDING)], "timers", {"dispatch.place": Place.TIMER.value}),
    # What holds slots of a session, and all that runs.
    _partial([("dispatch.node", ASCENDING), ("dispatch.session", ASCENDING)], "live", _exists("dispatch.node")),
    # Who depends on a task.
    _partial([("dispatch.open", ASCENDING)], "open", _exists("dispatch.open")),
    # What waits beyond its deadline.
    _partial([("dispatch.due", ASCENDING)], "due", _exists("dispatch.due")),
    # What may be forgotten, oldest first.
    _partial(
        [("dispatch.ended.keyed", ASCENDING), ("dispatch.ended.at", ASCENDING)], "ended", _exists("dispatch.ended")
    ),
    # One task per tenant and key.
    _partial(
        [("tenant", ASCENDING), ("idempotencyKey", ASCENDING)],
        "idempotency",
        {"idempotencyKey": {"$type": "string"}},
        unique=True,
    ),
    # Pages of tasks, newest first: of all, of a class, and of those by status or by executor that neither wait nor hold
    # a slot; the others are few enough, or found by the indexes above.
    IndexModel([("final", ASCENDING), *_NEWEST], name="newest"),
    IndexModel([("className", ASCENDING), *_NEWEST], name="class_newest"),
    _partial([("lifecycleStatus", ASCENDING), *_NEWEST], "status_newest", {"$or": _AT_REST}),
    _partial(
        [("executor", ASCENDING), *_NEWEST], "executor_newest", {"executor": {"$type": "string"}, "dispatch.node": None}
    ),
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


async def ensure_indexes(store: MongoStore) -> None:
    """Makes what is missing; what is there already costs nothing."""
    with store.writing(), store.patience(_BUILDING):
        await store.tasks.create_indexes(TASKS, commitQuorum="majority")
        await store.lanes.create_indexes(LANES, commitQuorum="majority")
        await store.marks.create_indexes(MARKS, commitQuorum="majority")
