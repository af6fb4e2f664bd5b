# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `TaskIntake`."""

import asyncio

import pytest
from pydantic import BaseModel

from skalds.errors import DuplicateTask, IdempotencyConflict, QueueFull
from skalds.model.run_change import Change
from skalds.model.task import ModeEnum, Task
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import ready_ids


class _Frame(BaseModel):
    """Attachments as a user's data model."""

    frame_rate: int


class TaskIntakeSuite:
    """What `TaskIntake` promises."""

    async def test_returns_the_tasks_as_stored_in_order(self, engine: Engine) -> None:
        tasks = [a_task(id=f"task-{number}", priority=number % 3) for number in (3, 1, 2)]
        stored = await engine.intake.submit(tasks)
        assert [task.id for task in stored] == ["task-3", "task-1", "task-2"]
        assert list(stored) == [await engine.catalog.get(task.id) for task in tasks]

    async def test_submit_of_nothing_stores_nothing(self, engine: Engine) -> None:
        assert list(await engine.intake.submit([])) == []
        assert await engine.catalog.count_by_status() == {}

    async def test_every_field_survives(self, engine: Engine) -> None:
        task = a_task(
            name="n", description="d", dependencies=["a", "b", "a"], mode=ModeEnum.ACTIVE.value, is_persistent=False,
            deadline_date_time=5, priority=7, attachments={"b": [1, 2.5, None, "é\u0000"], "a": {}}, max_attempts=0,
            retry_delay_ms=3, retry_backoff=1.5, not_before=9, timeout_ms=4, tenant="t", slots=2,
            resources={"gpu": [0, 1]}, requires={"x": "1"}, prefers={"y": "2"}, concurrency_key="c",
            affinity_key="a", exclusive=True, preemptible=True, idempotency_key="i", failures=1, losses=2,
            refusals=3, requeues=4, pinned_to="node-9", attachments_rev=2, checkpoint=0, result=False,
            progress={"fraction": 0.5, "message": "half"}, error={"type": "E", "message": "m"}, usage={"cpu": 1.5},
            runs=[{"attempt": 1, "node": "n", "submitted": 1, "assigned": 2, "outcome": "lost", "devices": ("0",)}],
        )  # fmt: skip
        await engine.intake.submit([a_task(id=id_, tenant="t") for id_ in "ab"])
        [stored] = await engine.intake.submit([task])
        assert stored == task.model_copy(update={"runs": tuple(task.runs)})
        assert await engine.catalog.get(task.id) == stored

    @pytest.mark.parametrize("value", [None, 0, "", False, [], {}, [None], {"": ""}, 2**63 - 1, 1e-300])
    async def test_any_json_value_survives_as_attachments(self, engine: Engine, value: object) -> None:
        await engine.intake.submit([a_task(attachments=value)])
        stored = await engine.catalog.get("task-1")
        assert stored is not None
        assert stored.attachments == value
        assert type(stored.attachments) is type(value)

    async def test_data_model_is_stored_by_its_wire_names(self, engine: Engine) -> None:
        [stored] = await engine.intake.submit([a_task(attachments=_Frame(frame_rate=25))])
        assert stored.attachments == {"frame_rate": 25}
        assert stored == await engine.catalog.get("task-1")

    async def test_what_the_caller_changes_later_is_not_stored(self, engine: Engine) -> None:
        attachments = {"n": 1}
        await engine.intake.submit([a_task(attachments=attachments)])
        attachments["n"] = 2
        stored = await engine.catalog.get("task-1")
        assert stored is not None
        assert stored.attachments == {"n": 1}

    async def test_why_it_waits_is_not_stored(self, engine: Engine) -> None:
        [stored] = await engine.intake.submit([a_task(waiting="paused")])
        assert stored.waiting is None

    async def test_task_is_ready_when_its_moment_has_come(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="now"), a_task(id="later", eligible_at=A_MOMENT + 1)])
        assert await ready_ids(engine) == ["now"]
        assert (await engine.queue.ripen(A_MOMENT + 1)).next_due is None
        assert await ready_ids(engine) == ["now", "later"]

    async def test_task_that_no_dispatcher_may_run_is_stored_but_not_queued(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(mode=ModeEnum.ACTIVE.value)])
        assert await engine.catalog.get("task-1") is not None
        assert await ready_ids(engine) == []

    async def test_known_id_refuses_all(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="b")])
        with pytest.raises(DuplicateTask) as refused:
            await engine.intake.submit([a_task(id=id_, name="new") for id_ in ("c", "b", "d", "a")])
        assert refused.value.ids == ("b", "a")
        assert refused.value.indexes == (1, 3)
        assert await engine.catalog.get("c") is None
        assert await engine.catalog.count_by_status() == {"Created": 2}
        assert await ready_ids(engine) == ["a", "b"]

    async def test_id_given_twice_refuses_all(self, engine: Engine) -> None:
        with pytest.raises(DuplicateTask) as refused:
            await engine.intake.submit([a_task(id=id_) for id_ in ("a", "b", "a", "a")])
        assert refused.value.ids == ("a",)
        assert refused.value.indexes == (2, 3)
        assert await engine.catalog.count_by_status() == {}

    async def test_ids_that_differ_in_case_are_different(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="A")])
        assert await engine.catalog.count_by_status() == {"Created": 2}

    async def test_known_key_returns_the_stored_task(self, engine: Engine) -> None:
        [first] = await engine.intake.submit([_keyed("first", attachments={"a": 1, "b": 2})])
        again = _keyed("second", attachments={"b": 2, "a": 1}, create_date_time=7, eligible_at=8)
        assert list(await engine.intake.submit([a_task(id="other"), again])) == [a_task(id="other"), first]
        assert await engine.catalog.get("second") is None

    async def test_known_key_with_the_same_id_is_no_duplicate(self, engine: Engine) -> None:
        [first] = await engine.intake.submit([_keyed("first")])
        assert list(await engine.intake.submit([_keyed("first")])) == [first]

    async def test_known_key_is_recognised_after_the_task_moved_on(self, engine: Engine) -> None:
        [first] = await engine.intake.submit([_keyed("first", attachments=1)])
        changed = first.changed(9, attachments=2, lifecycle_status="Cancelled", final=True)
        assert list(await engine.ledger.write([Change(first, changed)], durable=True)) == [True]
        assert list(await engine.intake.submit([_keyed("second", attachments=1)])) == [changed]

    async def test_known_key_with_another_body_refuses_all(self, engine: Engine) -> None:
        await engine.intake.submit([_keyed("first")])
        with pytest.raises(IdempotencyConflict) as refused:
            await engine.intake.submit([a_task(id="new"), _keyed("second", priority=1)])
        assert refused.value.fields["task"] == "first"
        assert await engine.catalog.get("new") is None

    async def test_same_key_twice_in_a_batch_is_one_task(self, engine: Engine) -> None:
        first, second = await engine.intake.submit([_keyed("first"), _keyed("second")])
        assert first == second
        assert await engine.catalog.count_by_status() == {"Created": 1}

    async def test_same_key_of_another_tenant_is_another_task(self, engine: Engine) -> None:
        await engine.intake.submit([_keyed("first"), _keyed("second", tenant="b")])
        assert await engine.catalog.count_by_status() == {"Created": 2}

    async def test_key_of_a_refused_batch_is_free(self, engine: Engine) -> None:
        with pytest.raises(DuplicateTask):
            await engine.intake.submit([_keyed("first"), a_task(id="twice"), a_task(id="twice")])
        [stored] = await engine.intake.submit([_keyed("second")])
        assert stored.id == "second"

    async def test_64_concurrent_submits_of_one_key_are_one_task(self, engine: Engine, other: Engine) -> None:
        submits = [(other if number % 2 else engine).intake.submit([_keyed(f"task-{number}")]) for number in range(64)]
        answers = await asyncio.gather(*submits)
        assert len({task.id for [task] in answers}) == 1
        assert await engine.catalog.count_by_status() == {"Created": 1}

    async def test_64_concurrent_submits_of_one_id_are_one_task(self, engine: Engine, other: Engine) -> None:
        submits = [(other if number % 2 else engine).intake.submit([a_task()]) for number in range(64)]
        answers = await asyncio.gather(*submits, return_exceptions=True)
        assert sum(isinstance(answer, DuplicateTask) for answer in answers) == 63
        assert await engine.catalog.count_by_status() == {"Created": 1}

    async def test_full_queue_refuses_all(self, engine: Engine) -> None:
        await engine.intake.submit([a_task(id="a"), a_task(id="b", eligible_at=2**52), a_task(id="o", tenant="o")])
        with pytest.raises(QueueFull) as refused:
            await engine.intake.submit([a_task(id="c"), a_task(id="d")], {"default": 3, "o": 0})
        assert refused.value.fields == {"tenant": "default", "limit": 3}
        assert await engine.lanes.queued_by("default") == 2
        await engine.intake.submit([a_task(id="c"), a_task(id="e", mode=ModeEnum.ACTIVE.value)], {"default": 3})
        assert await engine.lanes.queued_by("default") == 3

    async def test_what_left_the_queue_makes_room(self, engine: Engine) -> None:
        [task] = await engine.intake.submit([a_task(id="a")], {"default": 1})
        paused = task.changed(9, lifecycle_status="Paused")
        await engine.ledger.write([Change(task, paused)], durable=True)
        await engine.intake.submit([a_task(id="b")], {"default": 1})
        with pytest.raises(QueueFull):
            await engine.intake.submit([a_task(id="c")], {"default": 1})

    async def test_known_key_needs_no_room(self, engine: Engine) -> None:
        [first] = await engine.intake.submit([_keyed("first")])
        assert list(await engine.intake.submit([_keyed("second")], {"default": 0})) == [first]

    async def test_64_concurrent_submits_take_no_more_than_the_room(self, engine: Engine, other: Engine) -> None:
        submits = [
            (other if number % 2 else engine).intake.submit([a_task(id=f"task-{number}")], {"default": 10})
            for number in range(64)
        ]
        answers = await asyncio.gather(*submits, return_exceptions=True)
        assert sum(isinstance(answer, QueueFull) for answer in answers) == 54
        assert await engine.lanes.queued_by("default") == 10


def _keyed(id_: str, **changes: object) -> Task:
    return a_task(id=id_, idempotency_key="key", **changes)
