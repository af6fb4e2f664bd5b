# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `DispatchQueue`."""

import pytest

from skalds.errors import LeaseLost
from skalds.model.lane import lane_key
from skalds.model.lease import Duty
from skalds.model.plan import WaitReason
from skalds.model.run_change import Change
from skalds.model.task import Assignment, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import a_claim, assigned, lead, ready_ids, to


class DispatchQueueSuite:
    """What `DispatchQueue` promises."""

    async def test_ripen_moves_what_is_due_and_tells_the_next_moment(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id=f"in-{ms}", eligible_at=A_MOMENT + ms) for ms in (30, 10, 20, 20)[:3]])
        assert await ready_ids(engine) == []
        assert await engine.queue.ripen(A_MOMENT + 9) == A_MOMENT + 10
        assert await ready_ids(engine) == []
        assert await engine.queue.ripen(A_MOMENT + 20) == A_MOMENT + 30
        assert await ready_ids(engine) == ["in-10", "in-20"]
        assert await engine.queue.ripen(A_MOMENT + 30) is None
        assert await ready_ids(engine) == ["in-10", "in-20", "in-30"]
        assert await engine.queue.ready_count() == 3

    async def test_ripen_is_no_new_version(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        await engine.queue.ripen(A_MOMENT + 1)
        assert await engine.catalog.get("task-1") == task

    async def test_timer_of_a_cancelled_task_does_not_ring(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        await engine.ledger.write([to(task, TaskLifecycleStatus.CANCELLED, final=True)], durable=True)
        assert await engine.queue.ripen(A_MOMENT + 1) is None
        assert await ready_ids(engine) == []

    async def test_timer_that_was_moved_rings_at_its_new_moment(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        later = task.changed(2, eligible_at=A_MOMENT + 5)
        await engine.ledger.write([Change(task, later)], durable=True)
        assert await engine.queue.ripen(A_MOMENT + 4) == A_MOMENT + 5
        await engine.ledger.write([Change(later, later.changed(3, eligible_at=A_MOMENT + 1))], durable=True)
        assert await engine.queue.ripen(A_MOMENT + 1) is None
        assert await ready_ids(engine) == ["task-1"]

    async def test_lanes_are_those_with_ready_tasks(self, engine: Engine) -> None:
        tasks = [a_task(id="a", tenant="a"), a_task(id="b", tenant="b"), a_task(id="c", tenant="c", eligible_at=2**52)]
        await engine.intake.submit(tasks)
        lanes = await engine.queue.lanes()
        assert [lane.key for lane in lanes] == [lane_key(tasks[0]), lane_key(tasks[1])]
        assert [lane.id for lane in lanes] == sorted(lane.id for lane in lanes)
        await engine.queue.claim([a_claim(tasks[:1])], await lead(engine))
        assert [lane.key for lane in await engine.queue.lanes()] == [lane_key(tasks[1])]

    async def test_every_part_of_the_lane_key_survives(self, engine: Engine) -> None:
        task = a_task(
            tenant='t"é',
            requires={"b": "2", "a": "1"},
            slots=3,
            resources={"gpu": 1},
            concurrency_key="k",
            pinned_to="n",
        )
        await engine.intake.submit([task])
        [lane] = await engine.queue.lanes()
        assert lane.key == lane_key(task)

    async def test_heads_come_by_rank_then_id(self, engine: Engine) -> None:
        tasks = [
            a_task(id="late", eligible_at=A_MOMENT),
            a_task(id="b", eligible_at=A_MOMENT - 10),
            a_task(id="a", eligible_at=A_MOMENT - 10),
            a_task(id="urgent", eligible_at=A_MOMENT, priority=1),
        ]
        await engine.intake.submit(tasks)
        [lane] = await engine.queue.lanes()
        heads = await engine.queue.heads({lane.id: 3, 4711: 1})
        assert list(heads) == [lane.id]
        assert [task.id for task in heads[lane.id]] == ["urgent", "a", "b"]
        assert list(heads[lane.id]) == sorted(heads[lane.id])
        assert {task.attempt for task in heads[lane.id]} == {0}

    async def test_claim_gives_a_task_away_with_all_that_belongs_to_it(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(failures=1, released_at=5, attempt=4, executor="before")])
        lease = await lead(engine)
        claim = a_claim([task], id_="claim-x", node_id="node-7", session=9)
        assert list(await engine.queue.claim([claim], lease)) == list(claim.assigns)
        assignment = Assignment(
            id="claim-x", skald_id="node-7", session=9, term=lease.term, assigned_at=1_000, accept_by=6_000
        )
        assert await engine.catalog.get("task-1") == task.model_copy(
            update={
                "lifecycle_status": "Assigning",
                "attempt": 5,
                "executor": "node-7",
                "assignment": assignment,
                "released_at": None,
                "rev": 1,
                "update_date_time": 1_000,
            }
        )
        assert await ready_ids(engine) == []
        assert await engine.queue.ready_count() == 0
        assert await engine.catalog.count_by_status() == {"Assigning": 1}

    async def test_claim_takes_a_failed_task_that_may_run_again(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(lifecycle_status="Failed", failures=1, attempt=1, released_at=5)])
        [task] = await engine.catalog.get_many(["task-1"])
        assert len(await engine.queue.claim([a_claim([task])], await lead(engine))) == 1
        assert await engine.catalog.count_by_status() == {"Assigning": 1}

    async def test_claim_refuses_what_changed_and_leaves_it_as_it_is(self, engine: Engine) -> None:
        ready, cancelled, older, later = await engine.intake.submit(
            [a_task(id="ready"), a_task(id="cancelled"), a_task(id="older"), a_task(id="later", eligible_at=2**52)]
        )
        await engine.ledger.write([to(cancelled, TaskLifecycleStatus.CANCELLED, final=True)], durable=True)
        asked = a_claim([ready, cancelled, older.model_copy(update={"attempt": 1}), later, a_task(id="unknown")])
        before = await engine.catalog.get_many(["cancelled", "older", "later"])
        given = await engine.queue.claim([asked], await lead(engine))
        assert [assign.task_id for assign in given] == ["ready"]
        assert await engine.catalog.get_many(["cancelled", "older", "later"]) == before
        assert await ready_ids(engine) == ["older"]
        assert await engine.queue.ripen(A_MOMENT) == 2**52

    async def test_second_claim_of_a_task_gets_nothing(self, engine: Engine, other: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=f"task-{number}") for number in range(6)])
        lease = await lead(engine)
        first = await engine.queue.claim([a_claim(tasks[:4], id_="one")], lease)
        second = await other.queue.claim([a_claim(tasks[2:], id_="two", node_id="node-2")], lease)
        assert [assign.task_id for assign in first] == ["task-0", "task-1", "task-2", "task-3"]
        assert [assign.task_id for assign in second] == ["task-4", "task-5"]

    async def test_task_that_two_claims_of_one_pass_want_goes_to_the_first(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        claims = [a_claim(tasks, id_="one", node_id="node-1"), a_claim(tasks, id_="two", node_id="node-2")]
        assert [assign.node_id for assign in await engine.queue.claim(claims, await lead(engine))] == ["node-1"]

    async def test_given_come_in_the_order_asked_for(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_, tenant=id_) for id_ in "dacb"])
        claims = [a_claim(tasks[:2], id_="one"), a_claim(tasks[2:], id_="two", node_id="node-2")]
        given = await engine.queue.claim(claims, await lead(engine))
        assert [assign.task_id for assign in given] == ["d", "a", "c", "b"]

    @pytest.mark.parametrize("holder", ["controller-1", "controller-2"])
    async def test_claim_of_an_older_term_changes_nothing(self, engine: Engine, other: Engine, holder: str) -> None:
        tasks = await engine.intake.submit([a_task()])
        old = await lead(engine)
        await lead(other, holder=holder)
        _, position = await engine.ledger.live_runs()
        with pytest.raises(LeaseLost):
            await engine.queue.claim([a_claim(tasks)], old)
        assert await engine.catalog.get("task-1") == tasks[0]
        assert await ready_ids(engine) == ["task-1"]
        assert await engine.ledger.live_runs() == ([], position)

    async def test_claim_after_resigning_changes_nothing(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        lease = await lead(engine)
        await engine.leases.resign(lease)
        with pytest.raises(LeaseLost):
            await engine.queue.claim([a_claim(tasks)], lease)
        assert await engine.catalog.get("task-1") == tasks[0]

    async def test_lease_of_another_duty_is_not_enough(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        monitor = await lead(engine, Duty.MONITOR)
        with pytest.raises(LeaseLost):
            await engine.queue.claim([a_claim(tasks)], monitor._replace(duty=Duty.DISPATCHER.value))

    async def test_renewed_lease_still_claims(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        lease = await lead(engine)
        await engine.leases.renew(lease, expires=9)
        assert len(await engine.queue.claim([a_claim(tasks)], lease)) == 1

    async def test_claimed_finds_what_a_commit_gave(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
        lease = await lead(engine)
        await engine.queue.claim([a_claim(tasks[:2], id_="one"), a_claim(tasks[2:], id_="two")], lease)
        assert sorted(await engine.queue.claimed(["one", "none"])) == ["a", "b"]
        assert sorted(await engine.queue.claimed(["one", "two"])) == ["a", "b", "c"]
        assert list(await engine.queue.claimed([])) == []

    async def test_claimed_finds_a_run_that_ended_meanwhile(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        done = to(task, TaskLifecycleStatus.FINISHED, final=True, released_at=3)
        await engine.ledger.write([done], durable=True)
        assert list(await engine.queue.claimed(["claim-1"])) == ["task-1"]

    async def test_reasons_are_kept_by_lane(self, engine: Engine) -> None:
        tasks = [a_task(id="a", tenant="a"), a_task(id="b", tenant="b")]
        await engine.intake.submit(tasks)
        first, second = await engine.queue.lanes()
        assert first.reason is None
        await engine.queue.note_reasons({first.id: WaitReason.PINNED, second.id: None, 4711: WaitReason.PAUSED})
        assert [lane.reason for lane in await engine.queue.lanes()] == [WaitReason.PINNED, None]
        unknown = lane_key(a_task(tenant="c"))
        assert await engine.queue.reasons([first.key, second.key, unknown]) == {
            first.key: WaitReason.PINNED,
            second.key: None,
        }
        await engine.queue.note_reasons({first.id: None})
        assert await engine.queue.reasons([first.key]) == {first.key: None}
