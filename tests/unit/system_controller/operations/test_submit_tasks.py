"""Submitting: all or nothing, acknowledged only when it is certain."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.errors import OutcomeUnknown, QueueFull, UnknownDependency, ValidationFailed
from skalds.model.policy import Policies, TenantPolicy
from skalds.model.task import Task
from skalds.system_controller.operations.submit_tasks import LARGEST_BATCH, submit_task, submit_tasks
from skalds.system_controller.operations.task_draft import DraftDefaults
from skalds.testing import CountingIds, FakeClock

DRAFT = {"className": "Demo"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def engine(clock: FakeClock) -> MemoryEngine:
    return await MemoryEngine.open(MemoryStore(60_000), clock)


@pytest.fixture
def defaults(clock: FakeClock) -> DraftDefaults:
    return DraftDefaults(clock.wall_ms(), CountingIds().new, 3)


async def test_the_controller_is_tapped_once_the_tasks_are_there(engine: MemoryEngine, defaults: DraftDefaults) -> None:
    task = await submit_task(engine, DRAFT, defaults)

    await asyncio.wait_for(engine.wakeup.wait(), 1)
    assert await engine.catalog.get(task.id) == task


async def test_an_empty_list_is_no_work(engine: MemoryEngine, defaults: DraftDefaults) -> None:
    assert await submit_tasks(engine, [], defaults) == []


async def test_a_list_that_is_too_long_is_refused_before_it_is_looked_at(
    engine: MemoryEngine, defaults: DraftDefaults
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await submit_tasks(engine, ["nonsense"] * (LARGEST_BATCH + 1), defaults)

    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("happened", [True, False])
async def test_an_unknown_outcome_is_read_back(
    engine: MemoryEngine, defaults: DraftDefaults, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    submit = engine.intake.submit

    async def uncertain(tasks: Sequence[Task], limits: Mapping[str, int]) -> Sequence[Task]:
        if happened:
            await submit(tasks, limits)
        raise OutcomeUnknown

    monkeypatch.setattr(engine.intake, "submit", uncertain)

    if happened:
        assert [task.id for task in await submit_tasks(engine, [DRAFT, DRAFT], defaults)] == ["t-000001", "t-000002"]
    else:
        with pytest.raises(OutcomeUnknown):
            await submit_tasks(engine, [DRAFT, DRAFT], defaults)


def drafts(**dependencies: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return [{"className": "Demo", "id": id_, "dependencies": list(others)} for id_, others in dependencies.items()]


async def test_tasks_of_one_batch_may_depend_on_each_other_in_any_order(
    engine: MemoryEngine, defaults: DraftDefaults
) -> None:
    stored = await submit_tasks(engine, drafts(last=["middle"], middle=["first"], first=[]), defaults)

    assert [task.id for task in stored] == ["last", "middle", "first"]
    assert [lane.key.class_name for lane in await engine.queue.lanes()] == ["Demo"]
    assert sum(lane.ready for lane in await engine.lanes.backlog()) == 1


async def test_a_circle_is_refused_with_the_place_of_each_of_its_tasks(
    engine: MemoryEngine, defaults: DraftDefaults
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        await submit_tasks(engine, drafts(x=["a"], a=["b"], b=["c"], c=["a"], y=[]), defaults)

    assert {(problem.index, problem.field): problem.message for problem in caught.value.problems} == {
        (1, "dependencies"): "is a circle: a → b → c → a",
        (2, "dependencies"): "is a circle: b → c → a → b",
        (3, "dependencies"): "is a circle: c → a → b → c",
    }
    assert await engine.catalog.count_by_status() == {}


async def test_a_long_circle_is_told_in_few_words(engine: MemoryEngine, defaults: DraftDefaults) -> None:
    chain = {f"t{number}": [f"t{(number + 1) % 500}"] for number in range(500)}

    with pytest.raises(ValidationFailed) as caught:
        await submit_tasks(engine, drafts(**chain), defaults)

    assert len(caught.value.problems) == 500
    assert max(len(problem.message) for problem in caught.value.problems) < 200


async def test_an_unknown_dependency_is_refused_by_place(engine: MemoryEngine, defaults: DraftDefaults) -> None:
    with pytest.raises(UnknownDependency) as caught:
        await submit_tasks(engine, drafts(a=[], b=["a", "nobody"]), defaults)

    assert {problem.index for problem in caught.value.problems} == {1}
    assert "nobody" in caught.value.message
    assert await engine.catalog.count_by_status() == {}


async def test_a_tenant_may_have_only_so_many_tasks_waiting(engine: MemoryEngine, defaults: DraftDefaults) -> None:
    policies = Policies(tenants={"small": TenantPolicy(max_queued=2), "large": TenantPolicy(weight=2)})
    small, large = {"className": "Demo", "tenant": "small"}, {"className": "Demo", "tenant": "large"}

    await submit_tasks(engine, [small, large, large, large], defaults, policies)
    await submit_task(engine, small, defaults, policies)

    with pytest.raises(QueueFull) as caught:
        await submit_tasks(engine, [large, small], defaults, policies)
    assert caught.value.fields == {"tenant": "small", "limit": 2}
    assert await engine.lanes.queued_by("large") == 3
    await submit_task(engine, small, defaults)  # no limit is known here


async def test_only_limits_of_the_tenants_at_hand_are_looked_at(
    engine: MemoryEngine, defaults: DraftDefaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Mapping[str, int]] = []
    submit = engine.intake.submit

    async def watched(tasks: Sequence[Task], limits: Mapping[str, int]) -> Sequence[Task]:
        given.append(limits)
        return await submit(tasks, limits)

    monkeypatch.setattr(engine.intake, "submit", watched)
    tenants = {name: TenantPolicy(max_queued=limit) for name, limit in (("a", 5), ("b", None), ("c", 7))}

    await submit_tasks(
        engine, [{"className": "Demo", "tenant": name} for name in "abd"], defaults, Policies(tenants=tenants)
    )

    assert given == [{"a": 5}]
