"""Submitting: all or nothing, acknowledged only when it is certain."""

import asyncio
from collections.abc import Sequence

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.errors import OutcomeUnknown, ValidationFailed
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

    async def uncertain(tasks: Sequence[Task]) -> Sequence[Task]:
        if happened:
            await submit(tasks)
        raise OutcomeUnknown

    monkeypatch.setattr(engine.intake, "submit", uncertain)

    if happened:
        assert [task.id for task in await submit_tasks(engine, [DRAFT, DRAFT], defaults)] == ["t-000001", "t-000002"]
    else:
        with pytest.raises(OutcomeUnknown):
            await submit_tasks(engine, [DRAFT, DRAFT], defaults)
