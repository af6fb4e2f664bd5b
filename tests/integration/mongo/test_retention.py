"""Forgetting on MongoDB: in batches, beside others who write, and nothing that is left points at what is gone."""

import asyncio
from contextlib import suppress

import pytest

from skalds.adapters.mongo.connection import MongoStore
from skalds.errors import LeaseLost, UnknownDependency
from skalds.model.lease import Duty, LeaseRow
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.ports.retention import Forgotten
from skalds.testing import a_task, conformance
from skalds.testing.conformance.steps import lead, ready_ids, to

pytestmark = pytest.mark.integration

CANCELLED = TaskLifecycleStatus.CANCELLED
FOR_EVER = 2**52


class TestRetention(conformance.RetentionSuite):
    pass


async def _move(engine: Engine, id_: str, status: TaskLifecycleStatus, at: int = 2_000, **changes: object) -> Task:
    task = await engine.catalog.get(id_)
    assert task is not None
    change = to(task, status, at, **changes)
    assert list(await engine.ledger.write([change], durable=True)) == [True]
    return change.after


async def _forget(engine: Engine, limit: int = 100, lease: LeaseRow | None = None) -> int:
    return await engine.retention.forget_ended(FOR_EVER, FOR_EVER, limit, lease or await lead(engine, Duty.MONITOR))


async def test_what_is_still_needed_keeps_nothing_behind_it_from_going(engine: Engine) -> None:
    parents = [f"parent-{number}" for number in range(5)]
    others = [f"other-{number}" for number in range(5)]
    await engine.intake.submit([a_task(id=id_) for id_ in (*parents, *others)])
    await engine.intake.submit([a_task(id=f"waits-for-{id_}", dependencies=[id_]) for id_ in parents])
    for at, id_ in enumerate([*parents, *others]):
        await _move(engine, id_, CANCELLED, at, final=True)
    assert [await _forget(engine, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [task.id for task in await engine.catalog.get_many([*parents, *others])] == parents


async def test_dependants_learn_for_good_that_the_other_is_gone(engine: Engine, store: MongoStore) -> None:
    await engine.intake.submit([a_task(id="a"), a_task(id="b"), a_task(id="c", dependencies=["a", "b"])])
    await _move(engine, "c", TaskLifecycleStatus.PAUSED)
    await _move(engine, "a", CANCELLED, final=True)
    assert await _forget(engine) == 1
    [row] = await store.tasks.find({"id": "c"}).to_list()
    assert (sorted(row["dispatch"]["open"]), row["dispatch"]["lost"]) == (["", "b"], [""])
    await _move(engine, "b", CANCELLED, final=True)
    assert await _forget(engine) == 1
    await engine.intake.submit([a_task(id="a"), a_task(id="b")])
    for id_ in "ab":
        await _move(engine, id_, TaskLifecycleStatus.FINISHED, final=True)
    await _move(engine, "c", TaskLifecycleStatus.CREATED)
    assert [task.id for task in await engine.ledger.forsaken(10)] == ["c"]


async def test_forgetting_is_no_new_version_of_anything(engine: Engine) -> None:
    await engine.intake.submit([a_task(id="a"), a_task(id="b", dependencies=["a"])])
    paused = await _move(engine, "b", TaskLifecycleStatus.PAUSED)
    await _move(engine, "a", CANCELLED, final=True)
    assert await _forget(engine) == 1
    assert await engine.catalog.get("b") == paused


async def test_of_forgetting_and_depending_on_it_at_the_same_moment_one_comes_first(
    engine: Engine, other: Engine
) -> None:
    lease = await lead(engine, Duty.MONITOR)
    outcomes = set()
    for number in range(15):
        await engine.intake.submit([a_task(id=f"a{number}")])
        await _move(engine, f"a{number}", CANCELLED, final=True)
        child = a_task(id=f"b{number}", dependencies=[f"a{number}"])
        forgotten, submitted = await asyncio.gather(
            _forget(engine, lease=lease), other.intake.submit([child]), return_exceptions=True
        )
        is_refused = isinstance(submitted, UnknownDependency)
        assert is_refused or not isinstance(submitted, BaseException)
        assert forgotten == int(is_refused)
        outcomes.add(is_refused)
        if not is_refused:
            assert [task.id for task in await engine.ledger.forsaken(10)] == [child.id]
            await _move(engine, child.id, CANCELLED, final=True)
            await _forget(engine, lease=lease)
    assert outcomes


async def test_of_forgetting_and_requeuing_at_the_same_moment_one_comes_first(engine: Engine, other: Engine) -> None:
    lease = await lead(engine, Duty.MONITOR)
    for number in range(15):
        await engine.intake.submit([a_task(id=f"a{number}")])
        over = await _move(engine, f"a{number}", CANCELLED, final=True)
        requeue = to(over, TaskLifecycleStatus.CREATED, final=False)
        forgotten, [written] = await asyncio.gather(
            _forget(engine, lease=lease), other.ledger.write([requeue], durable=True)
        )
        assert forgotten == int(not written)
        assert await engine.catalog.get(over.id) == (requeue.after if written else None)


async def test_lanes_are_right_however_submits_and_forgetting_meet(engine: Engine, other: Engine) -> None:
    lease = await lead(engine, Duty.MONITOR)
    for number in range(15):
        over = a_task(id=f"a{number}", tenant=f"t{number}")
        await other.intake.submit([over])
        await _move(other, over.id, CANCELLED, final=True)
        await asyncio.gather(
            engine.retention.forget_leftovers(0, lease),
            other.intake.submit([a_task(id=f"b{number}", tenant=f"t{number}")]),
        )
        assert f"t{number}" in {lane.key.tenant for lane in await engine.lanes.backlog()}
        assert await engine.lanes.queued_by(f"t{number}") == 1
    assert sorted(await ready_ids(engine)) == sorted(f"b{number}" for number in range(15))


async def test_lane_of_this_process_is_stored_again_after_it_was_forgotten(engine: Engine, store: MongoStore) -> None:
    await engine.intake.submit([a_task(id="a")])
    await _move(engine, "a", CANCELLED, final=True)
    lease = await lead(engine, Duty.MONITOR)
    assert await engine.retention.forget_leftovers(0, lease) == Forgotten(lanes=1, nodes=0)
    assert await store.lanes.count_documents({}) == 0
    await engine.intake.submit([a_task(id="b")])
    assert await store.lanes.count_documents({}) == 1


async def test_term_that_ends_in_the_middle_deletes_nothing_more(engine: Engine, other: Engine) -> None:
    for number in range(20):
        await engine.intake.submit([a_task(id=f"a{number}")])
        await _move(engine, f"a{number}", CANCELLED, final=True)
    lease = await lead(engine, Duty.MONITOR)
    began = asyncio.Event()

    async def forget() -> int:
        forgotten = 0
        with suppress(LeaseLost):
            while batch := await _forget(engine, limit=1, lease=lease):
                forgotten += batch
                began.set()
        return forgotten

    async def take_over() -> int:
        await began.wait()
        assert await other.leases.take(Duty.MONITOR, "other", lease, 0) is not None
        return sum((await other.catalog.count_by_status()).values())

    forgotten, left = await asyncio.gather(forget(), take_over())
    assert left > 0
    assert forgotten + left == 20
    assert await other.catalog.count_by_status() == {"Cancelled": left}
