# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `Retention`."""

import pytest

from skalds.errors import LeaseLost
from skalds.model.lane import lane_key
from skalds.model.lease import Duty
from skalds.model.plan import WaitReason
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.ports.retention import Forgotten
from skalds.testing.builders import A_MOMENT, a_node, a_task
from skalds.testing.conformance.steps import ALL, assigned, lead, ready_ids, to, told

FINISHED = TaskLifecycleStatus.FINISHED
CANCELLED = TaskLifecycleStatus.CANCELLED


async def _ended(engine: Engine, id_: str, at: int, **fields: object) -> Task:
    """A task that was submitted at 0 and cancelled at `at` before anything ran."""
    [task] = await engine.intake.submit([a_task(**{"id": id_, "create_date_time": 0, **fields})])
    change = to(task, CANCELLED, at, final=True)
    assert list(await engine.ledger.write([change], durable=True)) == [True]
    return change.after


async def _forget(engine: Engine, before: int, keyed_before: int = 0, limit: int = ALL) -> int:
    lease = await lead(engine, Duty.MONITOR)
    return await engine.retention.forget_ended(before, keyed_before, limit, lease)


async def _ids(engine: Engine, *ids: str) -> list[str]:
    return [task.id for task in await engine.catalog.get_many(ids)]


class RetentionSuite:
    """What `Retention` promises."""

    async def test_what_ended_before_the_moment_is_forgotten(self, engine: Engine) -> None:
        await _ended(engine, "old", 100)
        await _ended(engine, "new", 200)
        assert await _forget(engine, 200) == 1
        assert await _ids(engine, "old", "new") == ["new"]
        assert await engine.catalog.count_by_status() == {"Cancelled": 1}
        assert await _forget(engine, 200) == 0

    async def test_clock_that_stood_in_the_past_at_the_end_makes_no_task_old(self, engine: Engine) -> None:
        await _ended(engine, "young", 100, create_date_time=500)
        assert await _forget(engine, 200) == 0
        assert await _forget(engine, 501) == 1

    async def test_what_goes_on_stays(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="waiting"), a_task(id="timed", eligible_at=A_MOMENT + 5_000)])
        await assigned(engine, a_task(id="given"))
        assert await _forget(engine, A_MOMENT * 2, A_MOMENT * 2) == 0
        assert await _ids(engine, "waiting", "timed", "given") == ["waiting", "timed", "given"]

    async def test_what_holds_a_slot_stays_until_it_is_released(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(create_date_time=0))
        ended = to(task, FINISHED, 100, final=True, result={"lines": 7})
        await engine.ledger.write([ended], durable=True)
        assert await _forget(engine, 1_000) == 0
        await engine.ledger.write([to(ended.after, FINISHED, 200, released_at=200)], durable=True)
        assert await _forget(engine, 1_000) == 1
        assert await engine.catalog.get("task-1") is None

    async def test_oldest_go_first_and_no_more_than_asked_for(self, engine: Engine) -> None:
        for id_, at in (("b", 20), ("c", 30), ("a", 10)):
            await _ended(engine, id_, at)
        assert await _forget(engine, 100, limit=2) == 2
        assert await _ids(engine, "a", "b", "c") == ["c"]
        assert await _forget(engine, 100, limit=2) == 1

    async def test_task_with_an_idempotency_key_has_a_moment_of_its_own(self, engine: Engine) -> None:
        kept = await _ended(engine, "keyed", 100, idempotency_key="k", tenant="north")
        assert await _forget(engine, 200, keyed_before=100) == 0
        [again] = await engine.intake.submit([a_task(id="again", idempotency_key="k", tenant="north")])
        assert again == kept
        assert await _forget(engine, 0, keyed_before=101) == 1
        [new] = await engine.intake.submit([a_task(id="new", idempotency_key="k", tenant="north", priority=7)])
        assert new.id == "new"

    async def test_key_of_another_tenant_stays(self, engine: Engine) -> None:
        await _ended(engine, "old", 100, idempotency_key="k", tenant="north")
        kept = await _ended(engine, "kept", 300, idempotency_key="k", tenant="south")
        assert await _forget(engine, 0, keyed_before=200) == 1
        [again] = await engine.intake.submit([a_task(id="again", idempotency_key="k", tenant="south")])
        assert again == kept

    async def test_id_can_be_used_again(self, engine: Engine) -> None:
        await _ended(engine, "task-1", 100, attachments={"old": 1})
        await _forget(engine, 200)
        [task] = await engine.intake.submit([a_task(idempotency_key="k")])
        assert await engine.catalog.get("task-1") == task
        assert await ready_ids(engine) == ["task-1"]

    async def test_feed_can_still_be_read(self, engine: Engine) -> None:
        await _ended(engine, "old", 100)
        await _forget(engine, 200)
        assert [change.task_id for change in await told(engine, 0)] == ["old", "old"]

    async def test_ended_term_forgets_nothing(self, engine: Engine) -> None:
        await _ended(engine, "old", 100)
        lease = await lead(engine, Duty.MONITOR)
        await lead(engine, Duty.MONITOR, "controller-2")
        with pytest.raises(LeaseLost):
            await engine.retention.forget_ended(200, 200, ALL, lease)
        with pytest.raises(LeaseLost):
            await engine.retention.forget_leftovers(200, lease)
        assert await _ids(engine, "old") == ["old"]

    async def test_lanes_in_which_nothing_waits_are_forgotten(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="ready"), a_task(id="timed", tenant="b", eligible_at=A_MOMENT + 5_000)])
        await _ended(engine, "over", 100, tenant="c")
        [held] = await assigned(engine, a_task(id="held", tenant="d"))
        lease = await lead(engine, Duty.MONITOR)
        assert await engine.retention.forget_leftovers(0, lease) == Forgotten(lanes=1, nodes=0)
        await engine.queue.ripen(A_MOMENT + 5_000)
        assert await ready_ids(engine) == ["ready", "timed"]
        [run], _ = await engine.ledger.live_runs()
        assert await engine.lanes.keys([run.lane]) == {run.lane: lane_key(held)}

    async def test_number_of_a_forgotten_lane_is_not_given_to_another(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a", tenant="a")])
        [before] = await engine.queue.lanes()
        await engine.lanes.note_reasons({before.id: WaitReason.NO_NODE_ONLINE})
        [task] = await engine.catalog.get_many(["a"])
        await engine.ledger.write([to(task, CANCELLED, final=True)], durable=True)
        await engine.intake.submit([a_task(id="b", tenant="b")])
        await engine.retention.forget_leftovers(0, await lead(engine, Duty.MONITOR))
        await engine.intake.submit([a_task(id="c", tenant="c"), a_task(id="d", tenant="a")])
        lanes = await engine.queue.lanes()
        assert len({lane.id for lane in lanes}) == 3
        assert all(lane.key == before.key for lane in lanes if lane.id == before.id)
        assert {(lane.key.tenant, lane.reason) for lane in lanes} == {("a", None), ("b", None), ("c", None)}

    async def test_registrations_closed_long_ago_are_forgotten(self, engine: Engine, other: Engine) -> None:
        sessions = {id_: await other.directory.register(a_node(id=id_), at) for id_, at in _REGISTERED.items()}
        await assigned(engine, a_task(), node_id="busy")
        for id_ in ("gone", "busy", "late"):
            await engine.directory.leave(id_, sessions[id_])
        lease = await lead(engine, Duty.MONITOR)
        assert await engine.retention.forget_leftovers(100, lease) == Forgotten(lanes=0, nodes=1)
        known = [id_ for id_ in _REGISTERED if await engine.directory.registration_of(id_) is not None]
        assert known == ["open", "busy", "late"]
        assert await other.directory.register(a_node(id="gone"), 500) > max(sessions.values())


_REGISTERED = {"open": 1, "gone": 1, "busy": 1, "late": 100}
"""Node → when it registered."""
