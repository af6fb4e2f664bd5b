# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `DispatchQueue`."""

from dataclasses import replace

import pytest

from skalds.errors import LeaseLost
from skalds.model.lane import lane_key
from skalds.model.lease import Duty
from skalds.model.run_change import Change
from skalds.model.task import Assignment, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_node, a_task
from skalds.testing.conformance.steps import a_claim, assigned, lead, ready_ids, to


class DispatchQueueSuite:
    """What `DispatchQueue` promises."""

    async def test_ripen_moves_what_is_due_and_tells_the_next_moment(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id=f"in-{ms}", eligible_at=A_MOMENT + ms) for ms in (30, 10, 20, 20)[:3]])
        assert await ready_ids(engine) == []
        assert await engine.queue.ripen(A_MOMENT + 9) == (frozenset(), A_MOMENT + 10)
        assert await ready_ids(engine) == []
        lanes, next_due = await engine.queue.ripen(A_MOMENT + 20)
        assert next_due == A_MOMENT + 30
        assert list(lanes) == [lane.id for lane in await engine.queue.lanes()]
        assert await ready_ids(engine) == ["in-10", "in-20"]
        assert (await engine.queue.ripen(A_MOMENT + 30)).next_due is None
        assert await ready_ids(engine) == ["in-10", "in-20", "in-30"]

    async def test_ripen_is_no_new_version(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        await engine.queue.ripen(A_MOMENT + 1)
        assert await engine.catalog.get("task-1") == task

    async def test_timer_of_a_cancelled_task_does_not_ring(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        await engine.ledger.write([to(task, TaskLifecycleStatus.CANCELLED, final=True)], durable=True)
        assert (await engine.queue.ripen(A_MOMENT + 1)).next_due is None
        assert await ready_ids(engine) == []

    async def test_timer_that_was_moved_rings_at_its_new_moment(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
        later = task.changed(2, eligible_at=A_MOMENT + 5)
        await engine.ledger.write([Change(task, later)], durable=True)
        assert (await engine.queue.ripen(A_MOMENT + 4)).next_due == A_MOMENT + 5
        await engine.ledger.write([Change(later, later.changed(3, eligible_at=A_MOMENT + 1))], durable=True)
        assert (await engine.queue.ripen(A_MOMENT + 1)).next_due is None
        assert await ready_ids(engine) == ["task-1"]

    async def test_lanes_are_those_with_ready_tasks(self, engine: Engine) -> None:
        tasks = [a_task(id="a", tenant="a"), a_task(id="b", tenant="b"), a_task(id="c", tenant="c", eligible_at=2**52)]
        await engine.intake.submit(tasks)
        lanes = await engine.queue.lanes()
        assert {lane.key for lane in lanes} == {lane_key(tasks[0]), lane_key(tasks[1])}
        assert [lane.id for lane in lanes] == sorted(lane.id for lane in lanes)
        await engine.queue.claim([await a_claim(engine, tasks[:1])], await lead(engine))
        assert [lane.key for lane in await engine.queue.lanes()] == [lane_key(tasks[1])]

    async def test_every_part_of_the_lane_key_survives(self, engine: Engine) -> None:
        task = a_task(
            tenant='t"é',
            priority=4,
            requires={"b": "2", "a": "1"},
            prefers={"d": "é", "c": "3"},
            slots=3,
            resources={"cpu": 0.5, "memory": 1 << 40, "gpu": ["0", "1"]},
            preemptible=True,
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
            a_task(id="retried", eligible_at=A_MOMENT - 20, affinity_key="site"),
        ]
        await engine.intake.submit(tasks)
        [lane] = await engine.queue.lanes()
        heads = await engine.queue.heads({lane.id: 3, 4711: 1})
        assert list(heads) == [lane.id]
        assert [task.id for task in heads[lane.id]] == ["retried", "a", "b"]
        assert list(heads[lane.id]) == sorted(heads[lane.id])
        assert {task.attempt for task in heads[lane.id]} == {0}
        assert [task.affinity for task in heads[lane.id]] == ["site", None, None]

    async def test_claim_gives_a_task_away_with_all_that_belongs_to_it(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(failures=1, released_at=5, attempt=4, executor="before")])
        lease = await lead(engine)
        claim = await a_claim(engine, [task], id_="claim-x", node_id="node-7")
        assert list(await engine.queue.claim([claim], lease)) == list(claim.assigns)
        assignment = Assignment(
            id="claim-x", skald_id="node-7", session=claim.session, term=lease.term, assigned_at=1_000, accept_by=6_000
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
        assert await engine.catalog.count_by_status() == {"Assigning": 1}

    async def test_claim_takes_a_failed_task_that_may_run_again(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(lifecycle_status="Failed", failures=1, attempt=1, released_at=5)])
        [task] = await engine.catalog.get_many(["task-1"])
        assert len(await engine.queue.claim([await a_claim(engine, [task])], await lead(engine))) == 1
        assert await engine.catalog.count_by_status() == {"Assigning": 1}

    async def test_claim_refuses_what_changed_and_leaves_it_as_it_is(self, engine: Engine) -> None:
        ready, cancelled, older, later = await engine.intake.submit(
            [a_task(id="ready"), a_task(id="cancelled"), a_task(id="older"), a_task(id="later", eligible_at=2**52)]
        )
        await engine.ledger.write([to(cancelled, TaskLifecycleStatus.CANCELLED, final=True)], durable=True)
        asked = await a_claim(
            engine, [ready, cancelled, older.model_copy(update={"attempt": 1}), later, a_task(id="unknown")]
        )
        before = await engine.catalog.get_many(["cancelled", "older", "later"])
        given = await engine.queue.claim([asked], await lead(engine))
        assert [assign.task_id for assign in given] == ["ready"]
        assert await engine.catalog.get_many(["cancelled", "older", "later"]) == before
        assert await ready_ids(engine) == ["older"]
        assert (await engine.queue.ripen(A_MOMENT)).next_due == 2**52

    async def test_second_claim_of_a_task_gets_nothing(self, engine: Engine, other: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=f"task-{number}") for number in range(6)])
        lease = await lead(engine)
        first = await engine.queue.claim([await a_claim(engine, tasks[:4], id_="one")], lease)
        second = await other.queue.claim([await a_claim(engine, tasks[2:], id_="two", node_id="node-2")], lease)
        assert [assign.task_id for assign in first] == ["task-0", "task-1", "task-2", "task-3"]
        assert [assign.task_id for assign in second] == ["task-4", "task-5"]

    async def test_task_that_two_claims_of_one_pass_want_goes_to_the_first(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        claims = [
            await a_claim(engine, tasks, id_="one", node_id="node-1"),
            await a_claim(engine, tasks, id_="two", node_id="node-2"),
        ]
        assert [assign.node_id for assign in await engine.queue.claim(claims, await lead(engine))] == ["node-1"]

    async def test_given_come_in_the_order_asked_for(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_, tenant=id_) for id_ in "dacb"])
        claims = [
            await a_claim(engine, tasks[:2], id_="one"),
            await a_claim(engine, tasks[2:], id_="two", node_id="node-2"),
        ]
        given = await engine.queue.claim(claims, await lead(engine))
        assert [assign.task_id for assign in given] == ["d", "a", "c", "b"]

    @pytest.mark.parametrize("holder", ["controller-1", "controller-2"])
    async def test_claim_of_an_older_term_changes_nothing(self, engine: Engine, other: Engine, holder: str) -> None:
        tasks = await engine.intake.submit([a_task()])
        old = await lead(engine)
        await lead(other, holder=holder)
        _, position = await engine.ledger.live_runs()
        with pytest.raises(LeaseLost):
            await engine.queue.claim([await a_claim(engine, tasks)], old)
        assert await engine.catalog.get("task-1") == tasks[0]
        assert await ready_ids(engine) == ["task-1"]
        assert await engine.ledger.live_runs() == ([], position)

    async def test_claim_after_resigning_changes_nothing(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        lease = await lead(engine)
        await engine.leases.resign(lease)
        with pytest.raises(LeaseLost):
            await engine.queue.claim([await a_claim(engine, tasks)], lease)
        assert await engine.catalog.get("task-1") == tasks[0]

    async def test_lease_of_another_duty_is_not_enough(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        monitor = await lead(engine, Duty.MONITOR)
        with pytest.raises(LeaseLost):
            await engine.queue.claim([await a_claim(engine, tasks)], monitor._replace(duty=Duty.DISPATCHER.value))

    async def test_renewed_lease_still_claims(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        lease = await lead(engine)
        await engine.leases.renew(lease, expires=9)
        assert len(await engine.queue.claim([await a_claim(engine, tasks)], lease)) == 1

    async def test_claimed_finds_what_a_commit_gave(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
        lease = await lead(engine)
        await engine.queue.claim(
            [await a_claim(engine, tasks[:2], id_="one"), await a_claim(engine, tasks[2:], id_="two")], lease
        )
        assert sorted(await engine.queue.claimed(["one", "none"])) == ["a", "b"]
        assert sorted(await engine.queue.claimed(["one", "two"])) == ["a", "b", "c"]
        assert list(await engine.queue.claimed([])) == []

    async def test_claimed_finds_a_run_that_ended_meanwhile(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        done = to(task, TaskLifecycleStatus.FINISHED, final=True, released_at=3)
        await engine.ledger.write([done], durable=True)
        assert list(await engine.queue.claimed(["claim-1"])) == ["task-1"]

    async def test_priorities_are_lanes_of_their_own(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="b", priority=1)])
        lanes = {lane.key.priority: lane.id for lane in await engine.queue.lanes()}
        assert sorted(lanes) == [0, 1]
        heads = await engine.queue.heads(dict.fromkeys(lanes.values(), 9))
        assert heads[lanes[1]][0].rank < heads[lanes[0]][0].rank

    async def test_affinity_goes_with_a_task_that_ripens(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1, affinity_key="site")])
        [lane] = (await engine.queue.ripen(A_MOMENT + 1)).lanes
        assert [task.affinity for task in (await engine.queue.heads({lane: 1}))[lane]] == ["site"]

    async def test_nothing_is_given_to_a_session_that_takes_no_work(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abcde"])
        ids = ["leaves", "left", "replaced", "unknown", "stays"]
        claims = [
            await a_claim(engine, [task], id_=node_id, node_id=node_id)
            for task, node_id in zip(tasks, ids, strict=True)
        ]
        await engine.directory.begin_leaving("leaves", claims[0].session)
        await engine.directory.leave("left", claims[1].session)
        await engine.directory.register(a_node(id="replaced"), 2)
        claims[3] = replace(claims[3], session=claims[3].session + 1_000)
        given = await engine.queue.claim(claims, await lead(engine))
        assert [assign.node_id for assign in given] == ["stays"]
        assert await ready_ids(engine) == ["a", "b", "c", "d"]

    async def test_task_that_one_session_cannot_take_goes_to_the_next(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task()])
        claims = [await a_claim(engine, tasks, id_=id_, node_id=id_) for id_ in ("one", "two")]
        await engine.directory.begin_leaving("one", claims[0].session)
        assert [assign.node_id for assign in await engine.queue.claim(claims, await lead(engine))] == ["two"]

    async def test_task_past_its_deadline_is_not_given(self, engine: Engine) -> None:
        deadlines = {"none": None, "zero": 0, "before": 999, "now": 1_000, "after": 1_001}
        tasks = await engine.intake.submit([a_task(id=id_, deadline_date_time=at) for id_, at in deadlines.items()])
        given = await engine.queue.claim([await a_claim(engine, tasks)], await lead(engine))
        assert [assign.task_id for assign in given] == ["none", "zero", "after"]
        assert await ready_ids(engine) == ["before", "now"]

    async def test_claim_forgets_that_the_run_before_was_asked_to_leave(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        assert task.assignment is not None
        asked = task.changed(2, assignment=task.assignment.model_copy(update={"leave_for": "urgent"}))
        back = asked.changed(3, lifecycle_status="Created", executor=None, released_at=3)
        await engine.ledger.write([Change(task, asked)], durable=True)
        assert await engine.catalog.get("task-1") == asked
        await engine.ledger.write([Change(asked, back)], durable=True)
        await engine.queue.claim([await a_claim(engine, [back], id_="claim-2")], await lead(engine))
        again = await engine.catalog.get("task-1")
        assert again is not None
        assert again.assignment is not None
        assert again.assignment.leave_for is None
