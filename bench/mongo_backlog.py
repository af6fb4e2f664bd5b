"""A large backlog on MongoDB, filled sooner than a submit does it, and what a claim writes there without our code."""

import time
from collections.abc import Sequence
from typing import Any

from pymongo import UpdateMany, WriteConcern

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.documents import document_of
from skalds.adapters.mongo.feed_line import TOLD
from skalds.adapters.mongo.lane_numbers import LaneNumbers
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.mongo.placing import Placer
from skalds.model.task import Task

AGEING_STEP_MS = 60_000
_BATCH = 2_000
_NODES = 50


async def fill(options: MongoOptions, tasks: Sequence[Task]) -> None:
    """Stores ready tasks, acknowledged by one member and before it is on its disk."""
    store = await MongoStore.open(options)
    numbers = LaneNumbers(store)
    placer = Placer(numbers, AGEING_STEP_MS)
    hasty = store.tasks.with_options(write_concern=WriteConcern(w=1, j=False))
    for start in range(0, len(tasks), _BATCH):
        batch = tasks[start : start + _BATCH]
        await numbers.ensure(batch)
        await hasty.insert_many([_document(placer, task) for task in batch], ordered=False)
    await store.close()


def _document(placer: Placer, task: Task) -> dict[str, Any]:
    placed = placer.dispatch(task, task.eligible_at)
    kept = {name: value for name, value in placed.items() if value is not None}
    return {**document_of(task), "dispatch": kept, TOLD: placer.told(task, placed)}


async def raw_rate(options: MongoOptions, count: int) -> float:
    """Tasks per second given to nodes by the fewest commands; finding them is not timed."""
    store = await MongoStore.open(options)
    given, seconds = 0, 0.0
    while given < count:
        found = store.tasks.find({"dispatch.place": "ready"}, {"_id": 0, "id": 1}, hint="waiting", limit=_BATCH)
        ids = [task["id"] for task in await found.to_list()]
        started = time.perf_counter()
        await _give(store, ids)
        seconds += time.perf_counter() - started
        given += len(ids)
    await store.close()
    return given / seconds


async def _give(store: MongoStore, ids: Sequence[str]) -> None:
    """One update per node, all in one command, in one transaction that checks a lease."""
    updates = [
        UpdateMany(
            {"id": {"$in": ids[node::_NODES]}, "attempt": 0, "dispatch.place": "ready"},
            _update(f"raw-{node}"),
            hint="id_1",
        )
        for node in range(_NODES)
    ]
    async with store.client.start_session() as session, await session.start_transaction():
        await store.leases.update_one({"_id": "raw"}, {"$inc": {"commits": 1}}, upsert=True, session=session)
        outcome = await store.tasks.bulk_write(updates, session=session)
        if outcome.modified_count != len(ids):
            raise RuntimeError(f"only {outcome.modified_count} of {len(ids)} tasks were there to be given")


def _update(node: str) -> dict[str, Any]:
    assignment = {"id": node, "skaldId": node, "session": 1, "term": 1, "assignedAt": 1, "acceptBy": 1}
    values = {"lifecycleStatus": "Assigning", "attempt": 1, "rev": 1, "executor": node, "updateDateTime": 1}
    place = {"dispatch.node": node, "dispatch.session": 1, TOLD: f"1\n0\n{node}\nx"}
    return {
        "$set": {**values, **place, "assignment": assignment},
        "$unset": {"dispatch.place": "", "dispatch.rank": ""},
    }
