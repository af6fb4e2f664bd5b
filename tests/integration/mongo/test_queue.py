"""What lanes, heads and claims cost, and claims that meet others."""

import asyncio
from typing import Any

import pytest

from skalds.adapters.mongo.claiming import give
from skalds.adapters.mongo.connection import Session
from skalds.adapters.mongo.dispatch_queue import _first_tasks
from skalds.adapters.mongo.live_nodes import lanes_in
from skalds.model.lane import lane_key
from skalds.model.plan import Assign
from skalds.ports.dispatch_queue import Claim
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import a_claim, joined, lead, ready_ids
from tests.integration.mongo.conftest import MongoEngine

pytestmark = pytest.mark.integration


async def examined(engine: MongoEngine, collection: str, steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What the server did to answer."""
    command = {"aggregate": collection, "pipeline": steps, "cursor": {}, **more}
    explained: dict[str, Any] = await engine.store.database.command({"explain": command, "verbosity": "executionStats"})
    return explained


def numbers_of(explained: Any, name: str) -> list[int]:
    """Every number of this name, wherever it stands."""
    if isinstance(explained, list):
        return [number for part in explained for number in numbers_of(part, name)]
    if not isinstance(explained, dict):
        return []
    own = [int(explained[name])] if isinstance(explained.get(name), int) else []
    return own + [number for part in explained.values() for number in numbers_of(part, name)]


async def a_backlog(engine: MongoEngine, lanes: int, in_each: int) -> None:
    tasks = [
        a_task(id=f"task-{lane}-{number:03}", tenant=f"tenant-{lane}", eligible_at=A_MOMENT - number)
        for lane in range(lanes)
        for number in range(in_each)
    ]
    await engine.intake.submit(tasks)


async def test_lanes_and_heads_cost_by_lanes_and_not_by_tasks(engine: MongoEngine) -> None:
    await a_backlog(engine, lanes=10, in_each=200)
    lanes = await examined(engine, "tasks", lanes_in("ready"), hint="waiting")
    assert "DISTINCT_SCAN" in str(lanes)
    assert max(numbers_of(lanes, "totalKeysExamined")) <= 11
    assert max(numbers_of(lanes, "totalDocsExamined")) == 0
    heads = await examined(engine, "lanes", [_first_tasks(4)])
    assert max(numbers_of(heads, "totalKeysExamined")) <= 10 * 5
    assert max(numbers_of(heads, "totalDocsExamined")) <= 10 * 5
    assert min(numbers_of(heads, "collectionScans"), default=0) == 0


async def test_each_lane_has_its_own_limit(engine: MongoEngine) -> None:
    await a_backlog(engine, lanes=4, in_each=9)
    lanes = {lane.key.tenant: lane.id for lane in await engine.queue.lanes()}
    limits = {lanes[f"tenant-{number}"]: limit for number, limit in enumerate((1, 3, 8, 20))}
    heads = await engine.queue.heads(limits)
    assert [len(heads[lane]) for lane in limits] == [1, 3, 8, 9]
    assert heads[lanes["tenant-1"]][0].id == "task-1-008"


async def test_more_lanes_than_one_request_asks_for(engine: MongoEngine) -> None:
    tasks = [a_task(id=f"task-{number}", tenant=f"tenant-{number}") for number in range(2_100)]
    await engine.intake.submit(tasks)
    lanes = await engine.queue.lanes()
    heads = await engine.queue.heads({lane.id: 2 for lane in lanes})
    assert {lane.key for lane in lanes} == {lane_key(task) for task in tasks}
    assert sorted(task.id for queued in heads.values() for task in queued) == sorted(task.id for task in tasks)


async def test_lane_that_was_forgotten_too_early_is_known_again(engine: MongoEngine, other: MongoEngine) -> None:
    await engine.intake.submit([a_task()])
    await engine.store.lanes.delete_many({})
    [lane] = await other.queue.lanes()
    assert lane.key == lane_key(a_task())
    assert await engine.store.lanes.count_documents({"_id": lane.id}) == 1
    assert len((await other.queue.heads({lane.id: 1}))[lane.id]) == 1


async def test_timers_ring_in_portions(engine: MongoEngine) -> None:
    await engine.intake.submit([a_task(id=f"task-{n}", eligible_at=A_MOMENT + 1 + n % 2) for n in range(2_500)])
    lanes, next_due = await engine.queue.ripen(A_MOMENT + 1)
    assert (len(lanes), next_due) == (1, A_MOMENT + 2)
    assert len(await ready_ids(engine)) == 1_250


async def test_no_task_goes_to_two_that_claim_at_once(engine: MongoEngine, other: MongoEngine) -> None:
    tasks = await engine.intake.submit([a_task(id=f"task-{number}") for number in range(40)])
    lease = await lead(engine)
    claims = [await a_claim(engine, tasks, id_=f"claim-{n}", node_id=f"node-{n}") for n in range(6)]
    answers = await asyncio.gather(
        *((other if number % 2 else engine).queue.claim([claim], lease) for number, claim in enumerate(claims))
    )
    assert sorted(assign.task_id for given in answers for assign in given) == sorted(task.id for task in tasks)
    for given, claim in zip(answers, claims, strict=True):
        assert set(await engine.queue.claimed([claim.id])) == {assign.task_id for assign in given}


async def test_claim_that_meets_a_node_leaving_is_repeated_without_it(engine: MongoEngine, other: MongoEngine) -> None:
    tasks = await engine.intake.submit([a_task()])
    claim = await a_claim(engine, tasks)
    lease = await lead(engine)
    tries: list[int] = []

    async def work(session: Session) -> Any:
        # The snapshot of the first try is older than the word of the node.
        await engine.store.settings.find_one({}, session=session)
        tries.append(len(tries))
        if len(tries) == 1:
            await other.directory.begin_leaving("node-1", claim.session)
        return await give(engine.store, session, [claim], lease.term)

    assert list(await engine.store.transact(work)) == []
    assert tries == [0, 1]
    assert await ready_ids(engine) == ["task-1"]


async def test_attempts_and_nodes_may_be_mixed(engine: MongoEngine) -> None:
    again = [a_task(id=f"again-{n}", attempt=n, released_at=1) for n in (1, 2)]
    tasks = await engine.intake.submit([a_task(id="first"), *again])
    session = await joined(engine)
    assigns = [Assign(task.id, task.attempt, "node-1", session, 0) for task in tasks]
    stale = [Assign(task.id, task.attempt + 1, "node-1", session, 0) for task in tasks]
    claim = Claim("claim", "node-1", session, 1, 2, [*stale, *assigns, *assigns])
    given = await engine.queue.claim([claim], await lead(engine))
    assert [(assign.task_id, assign.attempt) for assign in given] == [("first", 0), ("again-1", 1), ("again-2", 2)]
    assert [task.attempt for task in await engine.catalog.get_many(["first", "again-1", "again-2"])] == [1, 2, 3]


async def test_claims_of_others_can_be_settled_too(engine: MongoEngine, other: MongoEngine) -> None:
    tasks = await engine.intake.submit([a_task()])
    await engine.queue.claim([await a_claim(engine, tasks, id_="claim")], await lead(engine))
    assert list(await other.queue.claimed(["claim", "none"])) == ["task-1"]
