"""Lanes on MongoDB: what is said of them holds although a lane can be forgotten while somebody puts a task into it."""

import pytest

from skalds.adapters.mongo import kept_answer
from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.lane_numbers import lane_number
from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.ports.engine import Engine
from skalds.testing import a_task, conformance
from skalds.testing.conformance.steps import assigned

pytestmark = pytest.mark.integration


class TestLaneBoard(conformance.LaneBoardSuite):
    pass


async def test_lane_that_was_forgotten_at_the_wrong_moment_is_known_by_its_tasks(
    engine: Engine, other: Engine, store: MongoStore
) -> None:
    waits = a_task(id="waits", tenant="a", eligible_at=2**52)
    runs = a_task(id="runs", tenant="b")
    await engine.intake.submit([waits])
    await assigned(engine, runs)
    for forget_and_ask in (other.lanes.keys, engine.lanes.keys):
        await store.lanes.delete_many({})
        numbers = [lane_number(lane_key(task)) for task in (waits, runs)]
        assert await forget_and_ask(numbers) == dict(zip(numbers, map(lane_key, (waits, runs)), strict=True))
        assert await store.lanes.count_documents({}) == 2


async def test_backlog_and_number_of_the_queued_miss_no_lane(engine: Engine, other: Engine, store: MongoStore) -> None:
    tasks = [a_task(id="a", tenant="a"), a_task(id="b", tenant="a", priority=1), a_task(id="c", tenant="c")]
    await engine.intake.submit(tasks)
    await store.lanes.delete_many({})
    assert {lane.key for lane in await other.lanes.backlog()} == {*map(lane_key, tasks)}
    await store.lanes.delete_many({})
    assert [await other.lanes.queued_by(tenant) for tenant in "abc"] == [2, 0, 1]


async def test_reason_of_an_unknown_lane_makes_no_lane(engine: Engine, store: MongoStore) -> None:
    await engine.lanes.note_reasons({4711: WaitReason.PINNED})
    assert await store.lanes.count_documents({}) == 0
    await engine.lanes.note_reasons({})


async def test_each_lane_keeps_the_reason_noted_for_it(engine: Engine, other: Engine) -> None:
    await engine.intake.submit([a_task(id=str(number), tenant=f"t{number}") for number in range(30)])
    reasons = dict(zip([lane.id for lane in await engine.queue.lanes()], [*WaitReason, None] * 3, strict=False))
    await engine.lanes.note_reasons(reasons)
    assert {lane.id: lane.reason for lane in await other.queue.lanes() if lane.id in reasons} == reasons
    turned = dict(zip(reasons, reversed(reasons.values()), strict=True))
    await other.lanes.note_reasons(turned)
    assert {lane.id: lane.reason for lane in await engine.queue.lanes() if lane.id in turned} == turned
    assert {lane_number(lane.key): lane.reason for lane in await engine.lanes.backlog()} == {
        lane.id: lane.reason for lane in await engine.queue.lanes()
    }


async def test_large_backlog_is_counted_once_for_all_who_ask(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_answer, "MANY", 2)
    await engine.intake.submit([a_task(id="a"), a_task(id="b")])
    assert [lane.waiting for lane in await engine.lanes.backlog()] == [2]
    await engine.intake.submit([a_task(id="c")])
    assert [lane.waiting for lane in await engine.lanes.backlog()] == [2]
    assert await engine.lanes.queued_by("default") == 3
