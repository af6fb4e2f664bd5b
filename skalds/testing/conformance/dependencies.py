# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of what several ports promise about tasks that depend on others."""

from typing import Any

import pytest

from skalds.errors import UnknownDependency
from skalds.model.lease import Duty
from skalds.model.run_change import Change
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import ALL, a_claim, lead, ready_ids, to, told
from skalds.testing.fake_clock import FakeClock

FINISHED = TaskLifecycleStatus.FINISHED
FAILED = TaskLifecycleStatus.FAILED
CANCELLED = TaskLifecycleStatus.CANCELLED
CREATED = TaskLifecycleStatus.CREATED
PAUSED = TaskLifecycleStatus.PAUSED


async def _submit(engine: Engine, **dependencies: str) -> None:
    """Submits tasks named by one letter, each with the letters of those it depends on."""
    await engine.intake.submit([a_task(id=id_, dependencies=[*others]) for id_, others in dependencies.items()])


async def _move(engine: Engine, id_: str, status: TaskLifecycleStatus, **changes: Any) -> Task:
    [task] = await engine.catalog.get_many([id_])
    change = to(task, status, **changes)
    assert list(await engine.ledger.write([change], durable=True)) == [True]
    return change.after


async def _end(engine: Engine, id_: str, status: TaskLifecycleStatus = FINISHED) -> Task:
    return await _move(engine, id_, status, final=True)


async def _forsaken(engine: Engine) -> list[str]:
    return sorted(task.id for task in await engine.ledger.forsaken(ALL))


class DependenciesSuite:
    """What `TaskIntake`, `DispatchQueue`, `RunLedger` and `Retention` promise of tasks that depend on others."""

    async def test_task_is_ready_once_all_it_depends_on_is_finished(self, engine: Engine) -> None:
        await _submit(engine, a="", b="", c="ab")
        assert await ready_ids(engine) == ["a", "b"]
        await _end(engine, "a")
        assert await ready_ids(engine) == ["b"]
        await _end(engine, "b")
        assert await ready_ids(engine) == ["c"]

    async def test_becoming_ready_is_a_new_version_that_the_feed_tells(self, engine: Engine, clock: FakeClock) -> None:
        await _submit(engine, a="", b="a")
        [before] = await engine.catalog.get_many(["b"])
        _, position = await engine.ledger.live_runs()
        await clock.advance(2)
        await _end(engine, "a")
        now = clock.wall_ms()
        assert await engine.catalog.get("b") == before.changed(now, eligible_at=now)
        feed = await told(engine, position)
        assert [(change.task_id, change.rev, change.ready) for change in feed] == [("a", 1, False), ("b", 1, True)]
        [lane] = await engine.queue.lanes()
        assert feed[1].lane == lane.id
        [head] = (await engine.queue.heads({lane.id: 1}))[lane.id]
        assert (head.rank, head.id) == (now, "b")

    async def test_its_own_moment_still_counts(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="b", dependencies=["a"], eligible_at=A_MOMENT + 9)])
        assert (await engine.queue.ripen(A_MOMENT + 9)) == (frozenset(), None)
        await _end(engine, "a")
        assert await ready_ids(engine) == []
        assert (await engine.queue.ripen(A_MOMENT + 9)).next_due is None
        assert await ready_ids(engine) == ["b"]

    async def test_order_within_a_batch_does_not_matter(self, engine: Engine) -> None:
        await _submit(engine, c="ba", b="a", a="")
        assert await ready_ids(engine) == ["a"]
        for id_ in "abc":
            assert await ready_ids(engine) == [id_]
            await _end(engine, id_)

    async def test_finished_task_holds_up_nobody(self, engine: Engine) -> None:
        await _submit(engine, a="")
        await _end(engine, "a")
        await _submit(engine, b="a")
        assert await ready_ids(engine) == ["b"]
        assert (await engine.catalog.get_many(["b"]))[0].rev == 0

    async def test_named_twice_is_one_dependency(self, engine: Engine) -> None:
        await _submit(engine, a="", b="aa")
        await _end(engine, "a")
        assert await ready_ids(engine) == ["b"]

    async def test_many_dependants_follow_at_once_in_the_order_of_their_submit(self, engine: Engine) -> None:
        ids = [f"task-{number * 7 % 100:02}" for number in range(100)]
        await engine.intake.submit([a_task(id="a"), *(a_task(id=id_, dependencies=["a"]) for id_ in ids)])
        _, position = await engine.ledger.live_runs()
        await _end(engine, "a")
        assert [change.task_id for change in await told(engine, position)] == ["a", *ids]
        assert await ready_ids(engine) == sorted(ids)

    async def test_unknown_dependency_refuses_all(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="known"), a_task(id="foreign", tenant="b")])
        batch = [a_task(id="x"), a_task(id="y", dependencies=["x", "none", "known", "foreign"])]
        with pytest.raises(UnknownDependency) as refused:
            await engine.intake.submit(batch)
        assert [(problem.index, problem.field, problem.message) for problem in refused.value.problems] == [
            (1, "dependencies", "there is no task 'none'"),
            (1, "dependencies", "there is no task 'foreign'"),
        ]
        assert await engine.catalog.get_many(["x", "y"]) == []
        assert await engine.lanes.queued_by("default") == 1

    async def test_blocked_task_is_not_given(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        [blocked] = await engine.catalog.get_many(["b"])
        assert list(await engine.queue.claim([await a_claim(engine, [blocked])], await lead(engine))) == []

    async def test_failure_that_is_not_final_forsakes_nobody(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        await _move(engine, "a", FAILED)
        assert await _forsaken(engine) == []
        await _end(engine, "a")
        assert await ready_ids(engine) == ["b"]

    @pytest.mark.parametrize("status", [FAILED, CANCELLED])
    async def test_end_without_success_forsakes_those_that_wait(
        self, engine: Engine, status: TaskLifecycleStatus
    ) -> None:
        await _submit(engine, a="", b="a", c="a", d="b", e="")
        await _move(engine, "c", PAUSED)
        [before] = await engine.catalog.get_many(["b"])
        await _end(engine, "a", status)
        assert list(await engine.ledger.forsaken(ALL)) == [before]
        assert await _forsaken(engine) == ["b"]
        await _end(engine, "b", FAILED)
        assert await _forsaken(engine) == ["d"]
        await _move(engine, "c", CREATED)
        assert await _forsaken(engine) == ["c", "d"]
        assert len(await engine.ledger.forsaken(1)) == 1
        assert await ready_ids(engine) == ["e"]

    async def test_dependant_of_what_failed_before_is_forsaken_at_once(self, engine: Engine) -> None:
        await _submit(engine, a="", b="")
        await _end(engine, "a", FAILED)
        await _submit(engine, c="ab")
        assert await _forsaken(engine) == ["c"]

    async def test_requeue_of_what_failed_gives_hope_again(self, engine: Engine) -> None:
        await _submit(engine, a="", b="", c="ab", d="a")
        await _end(engine, "a", FAILED)
        await _end(engine, "b", CANCELLED)
        await _move(engine, "a", CREATED, final=False)
        assert await _forsaken(engine) == ["c"]
        await _end(engine, "a")
        assert await ready_ids(engine) == ["d"]
        await _move(engine, "b", CREATED, final=False)
        assert await _forsaken(engine) == []
        await _end(engine, "b")
        assert await ready_ids(engine) == ["d", "c"] or await ready_ids(engine) == ["c", "d"]

    async def test_requeued_dependant_is_placed_by_what_it_still_waits_for(self, engine: Engine) -> None:
        await _submit(engine, a="", b="", c="ab")
        await _end(engine, "a", FAILED)
        await _end(engine, "c", FAILED)
        assert await _forsaken(engine) == []
        await _move(engine, "a", CREATED, final=False)
        await _end(engine, "a")
        await _move(engine, "c", CREATED, final=False)
        assert await ready_ids(engine) == ["b"]
        await _end(engine, "b")
        assert await ready_ids(engine) == ["c"]
        await _end(engine, "c", CANCELLED)
        await _move(engine, "c", CREATED, final=False)
        assert await ready_ids(engine) == ["c"]

    async def test_paused_dependant_is_not_made_ready(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        paused = await _move(engine, "b", PAUSED)
        await _end(engine, "a")
        assert await engine.catalog.get("b") == paused
        await _move(engine, "b", CREATED)
        assert await ready_ids(engine) == ["b"]

    async def test_dependant_that_is_changed_in_the_same_write_follows_too(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a", c="a")
        first, second, third = await engine.catalog.get_many(["a", "b", "c"])
        paused = to(third, PAUSED)
        changes = [
            Change(second, second.changed(3, attachments=1)),
            to(first, FINISHED, final=True),
            paused,
            to(paused.after, CREATED),
        ]
        assert list(await engine.ledger.write(changes, durable=True)) == [True] * 4
        assert await ready_ids(engine) == ["b", "c"]
        assert [task.rev for task in await engine.catalog.get_many(["b", "c"])] == [2, 3]

    async def test_refused_write_frees_nobody(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        stale = a_task(id="a", rev=7)
        assert list(await engine.ledger.write([to(stale, FINISHED, final=True)], durable=True)) == [False]
        assert await ready_ids(engine) == ["a"]

    async def test_what_failed_is_kept_while_something_waits_to_learn_it(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a", c="", d="c")
        await _end(engine, "a", FAILED)
        await _end(engine, "c")
        lease = await lead(engine, Duty.MONITOR)
        assert await engine.retention.forget_ended(2**52, 2**52, ALL, lease) == 1
        assert await engine.catalog.get("c") is None
        assert await ready_ids(engine) == ["d"]
        await _end(engine, "b", FAILED)
        assert await engine.retention.forget_ended(2**52, 2**52, ALL, lease) == 2
        assert await engine.catalog.get_many(["a", "b"]) == []

    async def test_forgotten_failure_is_still_one_to_whoever_waits_later(self, engine: Engine) -> None:
        await _submit(engine, c="ab", a="", b="")
        await _move(engine, "c", PAUSED)
        for id_ in "ab":
            await _end(engine, id_, CANCELLED)
        assert await engine.retention.forget_ended(2**52, 2**52, ALL, await lead(engine, Duty.MONITOR)) == 2
        await _submit(engine, a="", b="")
        await _move(engine, "c", CREATED)
        for id_ in "ab":
            await _end(engine, id_)
        assert await _forsaken(engine) == ["c"]
        assert await ready_ids(engine) == []

    async def test_forgotten_dependant_leaves_nothing_behind(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        await _end(engine, "b", CANCELLED)
        assert await engine.retention.forget_ended(2**52, 2**52, ALL, await lead(engine, Duty.MONITOR)) == 1
        await _submit(engine, b="a")
        await _end(engine, "a")
        assert await ready_ids(engine) == ["b"]

    async def test_failure_that_is_requeued_in_the_same_write_forsakes_nobody(self, engine: Engine) -> None:
        await _submit(engine, a="", b="a")
        [task] = await engine.catalog.get_many(["a"])
        failed = to(task, FAILED, final=True)
        await engine.ledger.write([failed, to(failed.after, CREATED, final=False)], durable=True)
        assert await _forsaken(engine) == []
        await _end(engine, "a")
        assert await ready_ids(engine) == ["b"]
