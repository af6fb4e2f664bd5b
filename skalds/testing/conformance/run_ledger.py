# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `RunLedger`."""

import asyncio

import pytest

from skalds.errors import LeaseLost
from skalds.model.audit import AuditEntry
from skalds.model.lane import lane_key
from skalds.model.lease import Duty
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.task import Progress, RunError, RunRecord, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_node, a_task
from skalds.testing.conformance.steps import ALL, assigned, lead, ready_ids, session_of, to, told
from skalds.testing.fake_clock import FakeClock


class RunLedgerSuite:
    """What `RunLedger` promises."""

    async def test_write_of_the_current_revision_is_stored(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        change = to(task, TaskLifecycleStatus.RUNNING)
        assert list(await engine.ledger.write([change], durable=False)) == [True]
        assert await engine.catalog.get("task-1") == change.after
        assert await engine.catalog.count_by_status() == {"Running": 1}

    async def test_write_of_an_older_revision_changes_nothing(self, engine: Engine, other: Engine) -> None:
        [task] = await assigned(engine, a_task())
        won, lost = to(task, TaskLifecycleStatus.RUNNING), to(task, TaskLifecycleStatus.CREATED)
        await engine.ledger.write([won], durable=False)
        _, position = await engine.ledger.live_runs()
        assert list(
            await other.ledger.write([lost, to(a_task(id="none"), TaskLifecycleStatus.RUNNING)], durable=True)
        ) == [
            False,
            False,
        ]
        assert await engine.catalog.get("task-1") == won.after
        assert (await engine.ledger.live_runs())[1] == position

    async def test_each_change_of_a_batch_is_judged_alone(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
        await engine.ledger.write([to(tasks[1], TaskLifecycleStatus.PAUSED)], durable=True)
        changes = [to(task, TaskLifecycleStatus.CANCELLED, final=True) for task in tasks]
        assert list(await engine.ledger.write(changes, durable=True)) == [True, False, True]
        assert await engine.catalog.count_by_status() == {"Cancelled": 2, "Paused": 1}

    async def test_two_changes_of_one_task_follow_each_other(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        first = to(task, TaskLifecycleStatus.RUNNING)
        second = to(first.after, TaskLifecycleStatus.FINISHED, final=True)
        stale = to(task, TaskLifecycleStatus.FAILED)
        assert list(await engine.ledger.write([first, second, stale], durable=True)) == [True, True, False]
        assert await engine.catalog.get("task-1") == second.after

    async def test_audit_log_tells_of_the_changes_that_were_made_and_of_no_other(
        self, engine: Engine, other: Engine
    ) -> None:
        [task, *more] = await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
        first, late = (
            Change(task, to(task, status).after, AuditEntry(at, "ada", "task.changed", f"task:{task.id}"))
            for at, status in ((1, TaskLifecycleStatus.PAUSED), (2, TaskLifecycleStatus.CANCELLED))
        )
        assert list(await engine.ledger.write([first], durable=True)) == [True]
        assert list(await other.ledger.write([late], durable=True)) == [False]
        quiet = to(more[0], TaskLifecycleStatus.PAUSED)
        told_of = Change(more[1], to(more[1], TaskLifecycleStatus.PAUSED).after, AuditEntry(3, "ada", "x", "task:c"))
        assert list(await other.ledger.write([late, quiet, told_of], durable=True)) == [False, True, True]
        assert [entry.at for entry in await engine.audit.page(10)] == [3, 1]

    async def test_one_of_many_concurrent_writers_wins(self, engine: Engine, other: Engine) -> None:
        [task] = await assigned(engine, a_task())
        changes = [to(task, TaskLifecycleStatus.RUNNING, at=number) for number in range(32)]
        answers = await asyncio.gather(
            *(
                (other if number % 2 else engine).ledger.write([change], durable=False)
                for number, change in enumerate(changes)
            )
        )
        winners = [change.after for change, [won] in zip(changes, answers, strict=True) if won]
        assert winners == [await engine.catalog.get("task-1")]

    async def test_everything_a_run_reports_survives(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(attachments={"a": 1}))
        after = task.changed(
            9, lifecycle_status="Failed", failures=1, released_at=8, attachments={"a": 2}, attachments_rev=1,
            progress=Progress(fraction=1.0), result=[], error=RunError(type="E", message="m", traceback="t"),
            checkpoint={"k": None}, usage={"cpu": 0.1},
            runs=(RunRecord(attempt=1, node="n", submitted=1, assigned=2, usage={"x": 1}, devices=("0", "GPU-é")),),
        )  # fmt: skip
        assert list(await engine.ledger.write([Change(task, after)], durable=True)) == [True]
        assert await engine.catalog.get("task-1") == after
        cleared = after.changed(10, progress=None, result=None, error=None, checkpoint=None, attachments=None, runs=())
        assert list(await engine.ledger.write([Change(after, cleared)], durable=True)) == [True]
        assert await engine.catalog.get("task-1") == cleared

    async def test_changed_attachments_survive_later_writes(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(attachments={"a": 1}))
        second = task.changed(2, attachments={"a": 2})
        third = second.changed(3, progress=Progress(fraction=0.5, message="half"))
        assert list(await engine.ledger.write([Change(task, second)], durable=True)) == [True]
        assert list(await engine.ledger.write([Change(second, third)], durable=True)) == [True]
        assert await engine.catalog.get("task-1") == third

    async def test_true_is_not_taken_for_one(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(attachments={"a": 1}, resources={"gpu": 1}))
        first = task.changed(2, attachments={"a": True}, resources={"gpu": True}, result=0)
        second = first.changed(3, result=False)
        assert list(await engine.ledger.write([Change(task, first), Change(first, second)], durable=True)) == [True] * 2
        stored = await engine.catalog.get("task-1")
        assert stored is not None
        assert (stored.attachments["a"], stored.resources["gpu"], stored.result) == (True, True, False)
        assert {type(value) for value in (stored.attachments["a"], stored.resources["gpu"], stored.result)} == {bool}

    async def test_submitted_fields_can_change_too(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(attachments=[1])])
        after = task.changed(
            2, priority=3, class_name="Other", slots=2, create_date_time=1, attachments=[2], pinned_to="node-3"
        )
        assert list(await engine.ledger.write([Change(task, after)], durable=True)) == [True]
        assert await engine.catalog.get("task-1") == after
        [lane] = await engine.queue.lanes()
        assert (lane.key.class_name, lane.key.slots, lane.key.pinned_to) == ("Other", 2, "node-3")
        assert await engine.catalog.class_names() == ["Other"]

    async def test_queue_follows(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task()])
        paused = to(task, TaskLifecycleStatus.PAUSED)
        resumed = to(paused.after, TaskLifecycleStatus.CREATED)
        await engine.ledger.write([paused], durable=True)
        assert await ready_ids(engine) == []
        await engine.ledger.write([resumed], durable=True)
        assert await ready_ids(engine) == ["task-1"]

    async def test_task_taken_back_waits_until_released(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        back = to(task, TaskLifecycleStatus.CREATED, losses=1)
        await engine.ledger.write([back], durable=True)
        assert await ready_ids(engine) == []
        await engine.ledger.write([Change(back.after, back.after.changed(4, released_at=4))], durable=True)
        assert await ready_ids(engine) == ["task-1"]

    async def test_timers_follow(self, engine: Engine, clock: FakeClock) -> None:
        [task] = await assigned(engine, a_task())
        failed = to(task, TaskLifecycleStatus.FAILED, failures=1, released_at=3, eligible_at=A_MOMENT + 500)
        await engine.ledger.write([failed], durable=True)
        assert await ready_ids(engine) == []
        await clock.advance(0.5)
        assert (await engine.queue.ripen(clock.wall_ms())).next_due is None
        assert await ready_ids(engine) == ["task-1"]

    async def test_moment_that_has_passed_needs_no_timer(self, engine: Engine, clock: FakeClock) -> None:
        [task] = await assigned(engine, a_task())
        await clock.advance(1)
        failed = to(task, TaskLifecycleStatus.FAILED, failures=1, released_at=3, eligible_at=A_MOMENT + 500)
        await engine.ledger.write([failed], durable=True)
        assert await ready_ids(engine) == ["task-1"]

    async def test_write_under_an_ended_term_changes_nothing(self, engine: Engine, other: Engine) -> None:
        tasks = await assigned(engine, a_task(id="a"), a_task(id="b"))
        old = await lead(engine, Duty.MONITOR)
        await lead(other, Duty.MONITOR, holder="controller-2")
        _, position = await engine.ledger.live_runs()
        with pytest.raises(LeaseLost):
            await engine.ledger.write(
                [to(task, TaskLifecycleStatus.RUNNING) for task in tasks], durable=True, lease=old
            )
        assert await engine.catalog.get_many(["a", "b"]) == list(tasks)
        assert (await engine.ledger.live_runs())[1] == position

    async def test_write_under_a_standing_term_is_stored(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task())
        lease = await lead(engine, Duty.MONITOR)
        change = to(task, TaskLifecycleStatus.RUNNING)
        assert list(await engine.ledger.write([change], durable=True, lease=lease)) == [True]

    async def test_runs_of_a_session_are_those_that_hold_their_slot(self, engine: Engine) -> None:
        held, cancelled, gone = await assigned(engine, *(a_task(id=id_) for id_ in ("held", "cancelled", "gone")))
        await engine.directory.register(a_node(), 2)
        await assigned(engine, a_task(id="other-session"))
        await assigned(engine, a_task(id="other-node"), node_id="node-2")
        changes = [
            to(cancelled, TaskLifecycleStatus.CANCELLED, final=True),
            to(gone, TaskLifecycleStatus.FINISHED, final=True, released_at=5),
        ]
        await engine.ledger.write(changes, durable=True)
        assert list(await engine.ledger.runs_of("node-1", session_of(held))) == [held, changes[0].after]
        assert list(await engine.ledger.runs_of("node-9", session_of(held))) == []

    async def test_live_runs_are_all_that_hold_capacity(self, engine: Engine) -> None:
        [held] = await assigned(engine, a_task(id="a", slots=2))
        [gone] = await assigned(engine, a_task(id="b"))
        await engine.ledger.write([to(gone, TaskLifecycleStatus.FINISHED, final=True, released_at=5)], durable=True)
        await engine.intake.submit([a_task(id="c")])
        runs, position = await engine.ledger.live_runs()
        lane = runs[0].lane
        assert list(runs) == [LiveRun("a", 1, "Assigning", "node-1", session_of(held), lane)]
        assert await engine.lanes.keys([lane]) == {lane: lane_key(held)}
        assert await engine.ledger.changes_since(position, 10) == []
        await engine.intake.submit([a_task(id="d")])
        assert [change.task_id for change in await told(engine, position)] == ["d"]

    async def test_feed_tells_every_version_in_order(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(slots=2))
        session = session_of(task)
        await engine.intake.submit([a_task(id="later", eligible_at=2**52)])
        done = to(task, TaskLifecycleStatus.FINISHED, final=True, released_at=5)
        await engine.ledger.write([done, to(task, TaskLifecycleStatus.FAILED)], durable=True)
        feed = await told(engine, 0)
        positions = [change.position for change in feed]
        assert positions == sorted(set(positions))
        assert positions[0] > 0
        lane, later = feed[0].lane, feed[2].lane
        assert lane != later
        assert [change._replace(position=0) for change in feed] == [
            RunChange(0, "task-1", "Demo", 0, "Created", False, 0, None, 0, lane, False, True),
            RunChange(0, "task-1", "Demo", 1, "Assigning", False, 1, "node-1", session, lane, True, False),
            RunChange(0, "later", "Demo", 0, "Created", False, 0, None, 0, later, False, False),
            RunChange(0, "task-1", "Demo", 2, "Finished", True, 1, "node-1", session, 0, False, False),
        ]

    async def test_feed_is_read_in_portions(self, engine: Engine, other: Engine) -> None:
        _, start = await other.ledger.live_runs()
        await engine.intake.submit([a_task(id=f"task-{number:02}") for number in range(10)])
        await other.intake.submit([a_task(id="task-10")])
        assert len(await told(other, start)) == 11
        read: list[RunChange] = []
        while portion := await other.ledger.changes_since(read[-1].position if read else start, 3):
            assert len(portion) <= 3
            read.extend(portion)
        assert [change.task_id for change in read] == [f"task-{number:02}" for number in range(11)]

    async def test_feed_does_not_reach_back_beyond_what_was_trimmed(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id=f"task-{number}") for number in range(10)])
        feed = await told(engine, 0)
        await engine.ledger.trim_feed(4)
        assert await engine.ledger.changes_since(0, ALL) is None
        assert await engine.ledger.changes_since(feed[4].position, ALL) is None
        assert await engine.ledger.changes_since(feed[5].position, ALL) == feed[6:]
        await engine.ledger.trim_feed(4)
        assert await engine.ledger.changes_since(feed[5].position, ALL) == feed[6:]

    async def test_feed_trimmed_to_nothing_goes_on(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="b")])
        feed = await told(engine, 0)
        await engine.ledger.trim_feed(0)
        assert await engine.ledger.changes_since(feed[0].position, ALL) is None
        assert await engine.ledger.changes_since(feed[1].position, ALL) == []
        await engine.intake.submit([a_task(id="c")])
        [change] = await told(engine, feed[1].position)
        assert change.task_id == "c"
        assert change.position > feed[1].position

    async def test_position_of_another_feed_is_not_known(self, engine: Engine) -> None:
        assert await engine.ledger.changes_since(0, ALL) == []
        assert await engine.ledger.changes_since(7, ALL) is None

    async def test_overdue_is_what_waits_beyond_its_deadline(self, engine: Engine) -> None:
        tasks = [
            a_task(id="ready", deadline_date_time=30),
            a_task(id="timed", deadline_date_time=20, eligible_at=2**52),
            a_task(id="blocked", deadline_date_time=10, dependencies=["ready"]),
            a_task(id="not yet", deadline_date_time=41),
            a_task(id="none", deadline_date_time=0),
            a_task(id="active", deadline_date_time=1, mode="Active"),
        ]
        stored = await engine.intake.submit([a_task(id="paused", deadline_date_time=1), *tasks])
        paused = to(stored[0], TaskLifecycleStatus.PAUSED)
        await engine.ledger.write([paused], durable=True)
        assert [task.id for task in await engine.ledger.overdue(40, ALL)] == ["blocked", "timed", "ready"]
        assert list(await engine.ledger.overdue(30, 1)) == [stored[3]]
        assert list(await engine.ledger.overdue(9, ALL)) == []
        await engine.ledger.write([to(paused.after, TaskLifecycleStatus.CREATED)], durable=True)
        assert [task.id for task in await engine.ledger.overdue(20, ALL)] == ["paused", "blocked", "timed"]

    async def test_task_that_runs_is_not_overdue(self, engine: Engine) -> None:
        [task] = await assigned(engine, a_task(deadline_date_time=1_001))
        assert list(await engine.ledger.overdue(2_000, ALL)) == []
        back = to(task, TaskLifecycleStatus.CREATED, executor=None, released_at=5)
        await engine.ledger.write([back], durable=True)
        assert list(await engine.ledger.overdue(2_000, ALL)) == [back.after]
        later = back.after.changed(6, deadline_date_time=3_000)
        await engine.ledger.write([Change(back.after, later)], durable=True)
        assert list(await engine.ledger.overdue(2_000, ALL)) == []
