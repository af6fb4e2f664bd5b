"""Commands of operators: conditional, repeated when the row moved on, announced after the commit."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.errors import Conflict, NotFound, OutcomeUnknown, TransitionRefused
from skalds.model.event import Topic
from skalds.model.run_change import Change
from skalds.model.task import Assignment, Task
from skalds.ports.event_bus import BusMessage
from skalds.system_controller.operations.change_task_status import Command, change_task_status
from skalds.system_controller.operations.revise_task import MOST_TRIES
from skalds.testing import FakeClock, a_task

ASSIGNMENT = Assignment(id="a1", skald_id="node-1", session=1, term=1, assigned_at=1, accept_by=2)
ON_A_NODE = {"executor": "node-1", "assignment": ASSIGNMENT, "attempt": 1, "released_at": None}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def engine(clock: FakeClock) -> MemoryEngine:
    return await MemoryEngine.open(MemoryStore(60_000), clock)


async def put(engine: MemoryEngine, **changes: Any) -> Task:
    (task,) = await engine.intake.submit([a_task()])
    return await move(engine, task, **changes)


async def move(engine: MemoryEngine, task: Task, **changes: Any) -> Task:
    after = task.changed(task.update_date_time, **changes)
    assert await engine.ledger.write([Change(task, after)], durable=True) == [True]
    return after


@pytest.mark.parametrize(
    ("command", "status", "topic"),
    [
        (Command.CANCEL, "Running", Topic.CANCEL),
        (Command.PAUSE, "Running", Topic.ASSIGN),
        (Command.RESUME, "Paused", Topic.ASSIGN),
    ],
)
async def test_the_node_that_holds_the_slot_is_told(
    engine: MemoryEngine, clock: FakeClock, command: Command, status: str, topic: Topic
) -> None:
    await put(engine, lifecycle_status=status, **ON_A_NODE)

    async with engine.bus.listen("node-1") as messages:
        changed = await change_task_status(engine, clock, "task-1", command)
        message = await anext(messages)

    assert (message.topic, message.event.recipient, list(message.event.task_ids)) == (topic, "node-1", ["task-1"])
    assert await engine.catalog.get("task-1") == changed


async def test_what_is_written_is_there_before_it_is_announced(
    engine: MemoryEngine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(engine, lifecycle_status="Running", **ON_A_NODE)
    seen: list[str] = []

    async def announce(messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        task = await engine.catalog.get("task-1")
        assert task is not None
        seen.append(task.lifecycle_status)
        return messages

    monkeypatch.setattr(engine.bus, "announce", announce)

    # Announcing failed, which costs latency only.
    assert (await change_task_status(engine, clock, "task-1", Command.CANCEL)).final
    assert seen == ["Cancelled"]


async def test_a_waiting_task_is_nobodys_and_only_the_controller_is_told(
    engine: MemoryEngine, clock: FakeClock
) -> None:
    await put(engine, executor="node-1")

    async with engine.bus.listen("node-1") as messages:
        await change_task_status(engine, clock, "task-1", Command.CANCEL)
        await asyncio.wait_for(engine.wakeup.wait(), 1)
        next_message = asyncio.ensure_future(anext(messages))
        await clock.settle()
        assert not next_message.done()
        next_message.cancel()


async def test_asking_for_what_is_already_so_writes_nothing(engine: MemoryEngine, clock: FakeClock) -> None:
    before = await put(engine, lifecycle_status="Cancelled", final=True)

    assert await change_task_status(engine, clock, "task-1", Command.CANCEL) == before
    assert await engine.catalog.get("task-1") == before


async def test_a_refusal_carries_the_reason_and_writes_nothing(engine: MemoryEngine, clock: FakeClock) -> None:
    before = await put(engine, lifecycle_status="Finished", final=True)

    with pytest.raises(TransitionRefused, match="Finished"):
        await change_task_status(engine, clock, "task-1", Command.CANCEL)

    assert await engine.catalog.get("task-1") == before


async def test_an_unknown_task_is_not_found(engine: MemoryEngine, clock: FakeClock) -> None:
    with pytest.raises(NotFound):
        await change_task_status(engine, clock, "nope", Command.PAUSE)


async def test_a_row_that_moved_on_is_read_and_judged_again(
    engine: MemoryEngine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(engine)
    write = engine.ledger.write
    raced: list[Task] = []

    async def racing(changes: Sequence[Change], **arguments: Any) -> Sequence[bool]:
        if not raced:
            raced.append(await _finish(engine, write))
        return await write(changes, **arguments)

    monkeypatch.setattr(engine.ledger, "write", racing)

    with pytest.raises(TransitionRefused, match="Finished"):
        await change_task_status(engine, clock, "task-1", Command.CANCEL)


async def _finish(engine: MemoryEngine, write: Any) -> Task:
    task = await engine.catalog.get("task-1")
    assert task is not None
    after = task.changed(1, lifecycle_status="Finished", final=True)
    await write([Change(task, after)], durable=True)
    return after


async def test_a_row_that_never_stands_still_is_given_up(
    engine: MemoryEngine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(engine)
    tries = 0

    async def stale(*_: object, **__: object) -> Sequence[bool]:
        nonlocal tries
        tries += 1
        return [False]

    monkeypatch.setattr(engine.ledger, "write", stale)

    with pytest.raises(Conflict):
        await change_task_status(engine, clock, "task-1", Command.CANCEL)

    assert tries == MOST_TRIES


@pytest.mark.parametrize("happened", [True, False])
async def test_an_unknown_outcome_is_read_back(
    engine: MemoryEngine, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    await put(engine)
    write = engine.ledger.write
    calls: list[Sequence[Change]] = []

    async def uncertain(changes: Sequence[Change], **arguments: Any) -> Sequence[bool]:
        calls.append(changes)
        if len(calls) > 1:
            return await write(changes, **arguments)
        if happened:
            await write(changes, **arguments)
        raise OutcomeUnknown

    monkeypatch.setattr(engine.ledger, "write", uncertain)

    changed = await change_task_status(engine, clock, "task-1", Command.CANCEL)

    assert await engine.catalog.get("task-1") == changed
    assert (changed.lifecycle_status, changed.rev) == ("Cancelled", 2)
    assert len(calls) == (1 if happened else 2)
