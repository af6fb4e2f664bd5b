"""Replacing the attachments of a task."""

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.errors import NotFound, TransitionRefused
from skalds.system_controller.operations.change_attachments import change_attachments
from skalds.testing import FakeClock, a_task


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(clock: FakeClock) -> MemoryEngine:
    return MemoryEngine(MemoryStore(60_000), clock)


async def test_each_replacement_counts_and_the_same_one_changes_nothing(engine: MemoryEngine, clock: FakeClock) -> None:
    await engine.intake.submit([a_task(attachments={"n": 1})])

    changed = await change_attachments(engine, clock, "task-1", {"n": 2})
    again = await change_attachments(engine, clock, "task-1", {"n": 2})

    assert (changed.attachments, changed.attachments_rev) == ({"n": 2}, 1)
    assert again == changed


async def test_a_task_that_has_ended_keeps_its_attachments(engine: MemoryEngine, clock: FakeClock) -> None:
    await engine.intake.submit([a_task(lifecycle_status="Cancelled", final=True)])

    with pytest.raises(TransitionRefused, match="Cancelled already"):
        await change_attachments(engine, clock, "task-1", {"n": 2})


async def test_an_unknown_task_is_not_found(engine: MemoryEngine, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        await change_attachments(engine, clock, "nobody", {})
