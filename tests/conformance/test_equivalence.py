"""S18: the same operations on memory, SQLite and MongoDB give the same observable results and errors."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from skalds.model.lane import LaneKey, lane_key
from skalds.ports.retention import Forgotten
from skalds.testing import FakeClock
from skalds.testing.services.mongo_server import MongoServer
from tests.conformance.conftest import memory_world, sqlite_world
from tests.conformance.store_operations import NODES, operations, submitted
from tests.conformance.store_run import StoreRun
from tests.integration.mongo.conftest import end_world, mongo_world

if TYPE_CHECKING:
    from skalds.model.run_change import RunChange
    from skalds.model.task import Task

at_first = st.lists(submitted, min_size=3, max_size=8, unique_by=lambda task: task["id"])


@settings(max_examples=100)
@given(at_first=at_first, operations=operations)
def test_memory_and_sqlite_give_the_same_results(
    at_first: list[dict[str, Any]], operations: list[tuple[str, Any]]
) -> None:
    asyncio.run(_compare_sqlite([*_beginning(at_first), *operations]))


# Few and as they come, because each takes a database of its own.
@pytest.mark.integration
@settings(max_examples=20, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(at_first=at_first, operations=operations)
def test_memory_and_mongodb_give_the_same_results(
    mongo_server: MongoServer, at_first: list[dict[str, Any]], operations: list[tuple[str, Any]]
) -> None:
    asyncio.run(_compare_mongodb(mongo_server.uri, [*_beginning(at_first), *operations]))


def _beginning(at_first: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    first = [{**task, "idempotency_key": None} for task in sorted(at_first, key=lambda task: task["id"])]
    ids = {task["id"] for task in first}
    known = [{**task, "dependencies": [id_ for id_ in task["dependencies"] or () if id_ in ids]} for task in first]
    return [*(("register", node) for node in NODES), ("submit", known)]


async def _compare_sqlite(operations: Sequence[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clocks = FakeClock(), FakeClock()
        engines = (
            await memory_world(clocks[0])("controller"),
            await sqlite_world(clocks[1], Path(folder))("controller"),
        )
        try:
            memory, sqlite = (StoreRun(engine, clock) for engine, clock in zip(engines, clocks, strict=True))
            for name, argument in operations:
                assert await sqlite.do(name, argument) == await memory.do(name, argument), name
            names = {name for name, _ in operations}
            expected, observed = await memory.observe(), await sqlite.observe()
            assert _in_no_order(observed, names) == _in_no_order(expected, names)
            _check_feed(observed, names)
            _check_counts(observed)
        finally:
            for engine in engines:
                await engine.close()


async def _compare_mongodb(uri: str, operations: Sequence[tuple[str, Any]]) -> None:
    clocks = FakeClock(), FakeClock()
    async with AsyncExitStack() as closing:
        stored = await mongo_world(uri, clocks[1])("controller")
        closing.push_async_callback(end_world, stored)
        memory = StoreRun(await memory_world(clocks[0])("controller"), clocks[0], lanes_by_key=True)
        mongodb = StoreRun(stored, clocks[1], lanes_by_key=True)
        for name, argument in operations:
            expected, answer = await memory.do(name, argument), await mongodb.do(name, argument)
            if name == "forget" and isinstance(expected[1], Forgotten):
                # A submit that is refused has already stored its lanes.
                expected, answer = ((ended, forgotten.nodes) for ended, forgotten in (expected, answer))
            assert answer == expected, name
        names = {name for name, _ in operations}
        expected, observed = await memory.observe(), await mongodb.observe()
        assert _through_keys(observed, names) == _through_keys(expected, names)
        _check_feed(observed, names)
        _check_counts(observed)


def _in_no_order(observed: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """What was observed, with the feed task by task: of what one commit did to several, no order is promised."""
    by_task: dict[str, list[RunChange]] = {}
    for change in observed["feed"][0] or ():
        by_task.setdefault(change.task_id, []).append(change._replace(position=0))
    lengths = [None if part is None else len(part) for part in observed["feed"]]
    if "trim" in operations:
        # Then it may begin in the middle of a commit.
        return {**observed, "feed": lengths, "numbers": None}
    return {**observed, "feed": (by_task, lengths)}


def _through_keys(observed: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """The same without the numbers of lanes, which are other ones on every engine."""
    keys: dict[int, LaneKey] = {lane: key for lane, key in observed["keys"].items() if lane in observed["numbers"]}
    was_trimmed, was_forgotten = "trim" in operations, "forget" in operations
    feed = _in_no_order(observed, operations)["feed"]
    if not was_trimmed:
        feed = {
            id_: [
                (told._replace(lane=0), bool(told.lane) if was_forgotten else keys.get(told.lane)) for told in changes
            ]
            for id_, changes in feed[0].items()
        }
    return {
        **observed,
        "feed": feed,
        "numbers": None,
        "keys": None if was_trimmed else {*keys.values()},
        "reasons": {key: reason for key, reason in observed["reasons"].items() if reason is not None},
        "backlog": {lane.key: lane for lane in observed["backlog"]},
        "live": {run.task_id: (run._replace(lane=0), keys[run.lane]) for run in observed["live"]},
    }


def _check_feed(observed: dict[str, Any], operations: set[str]) -> None:
    """The last version that the feed tells of each task is the stored one."""
    if observed["feed"][0] is None or operations & {"trim", "forget"}:
        return
    latest = {change.task_id: change for change in observed["feed"][0]}
    stored: dict[str, Task] = {task.id: task for task in observed["tasks"]}
    assert latest.keys() == stored.keys()
    for id_, change in latest.items():
        task = stored[id_]
        assert (change.rev, change.status, change.attempt, change.holds_slot) == (
            task.rev,
            task.lifecycle_status,
            task.attempt,
            task.holds_slot,
        )


def _check_counts(observed: dict[str, Any]) -> None:
    """The counts of the lanes are those of the rows, and every task that waits is somewhere."""
    waiting = [task for task in observed["tasks"] if task.is_waiting]
    ready = Counter({key: len(heads) for key, (_, heads) in observed["queue"].items()})
    assert {lane.key: lane.waiting for lane in observed["backlog"]} == Counter(map(lane_key, waiting))
    assert +Counter({lane.key: lane.ready for lane in observed["backlog"]}) == ready
    assert {task.id for task in observed["forsaken"]} <= {task.id for task in waiting if task.dependencies}
    due = {task.id for task in waiting if task.deadline_date_time}
    assert {task.id for task in observed["overdue"][-1]} == due
    lanes = {run.task_id: observed["keys"][run.lane] for run in observed["live"]}
    assert lanes == {task.id: lane_key(task) for task in observed["tasks"] if task.holds_slot}
