"""What the suite of the port cannot see: which writes need no transaction, and what follows for dependants."""

import asyncio

import pytest

from skalds.adapters.mongo.unanswered import CommandWatch
from skalds.model.lease import Duty
from skalds.model.run_change import Change
from skalds.model.task import TaskLifecycleStatus
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import assigned, lead, ready_ids, to, told
from skalds.testing.fake_clock import FakeClock
from tests.integration.mongo.conftest import MongoEngine

pytestmark = pytest.mark.integration

FINISHED, FAILED = TaskLifecycleStatus.FINISHED, TaskLifecycleStatus.FAILED


@pytest.fixture
async def commands(engine: MongoEngine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the commands that are sent from now on, but for those of the feed."""
    await engine.feed.close()
    names: list[str] = []
    monkeypatch.setattr(CommandWatch, "started", lambda _, event: names.append(event.command_name))
    return names


async def test_start_and_end_of_a_run_nobody_waits_for_are_one_update_each(
    engine: MongoEngine, commands: list[str]
) -> None:
    [task] = await assigned(engine, a_task())
    running = to(task, TaskLifecycleStatus.RUNNING)
    commands.clear()
    await engine.ledger.write([running], durable=False)
    await engine.ledger.write([to(running.after, FINISHED, final=True, released_at=3)], durable=True)
    assert commands == ["update", "update"]


async def test_many_dependants_follow_in_one_commit(engine: MongoEngine) -> None:
    [parent] = await engine.intake.submit([a_task(id="parent")])
    await engine.intake.submit([a_task(id=f"child-{n:04}", dependencies=["parent"]) for n in range(2_500)])
    await engine.ledger.write([to(parent, FINISHED, final=True)], durable=True)
    assert len(await ready_ids(engine)) == 2_500
    assert (await engine.store.tasks.count_documents({"dispatch.open": {"$exists": True}})) == 0


async def test_parents_that_end_at_once_free_their_child_once(engine: MongoEngine, other: MongoEngine) -> None:
    for number in range(10):
        parents = await engine.intake.submit([a_task(id=f"parent-{number}-{n}") for n in range(4)])
        await engine.intake.submit([a_task(id=f"child-{number}", dependencies=[task.id for task in parents])])
        writes = [
            (other if index % 2 else engine).ledger.write([to(task, FINISHED, final=True)], durable=True)
            for index, task in enumerate(parents)
        ]
        assert await asyncio.gather(*writes) == [[True]] * 4
    children = await engine.catalog.get_many([f"child-{number}" for number in range(10)])
    assert [child.rev for child in children] == [1] * 10
    assert await ready_ids(engine) == [child.id for child in children]


async def test_child_that_is_written_while_its_parent_ends_is_written_once_and_freed(
    engine: MongoEngine, other: MongoEngine
) -> None:
    for number in range(10):
        parent, child = await engine.intake.submit(
            [a_task(id=f"parent-{number}"), a_task(id=f"child-{number}", dependencies=[f"parent-{number}"])]
        )
        change = Change(child, child.changed(5, attachments={"n": number}))
        [ended], [changed] = await asyncio.gather(
            engine.ledger.write([to(parent, FINISHED, final=True)], durable=True),
            other.ledger.write([change], durable=True),
        )
        assert ended
        [now] = await engine.catalog.get_many([child.id])
        assert (now.rev, now.attachments) == ((2, {"n": number}) if changed else (1, None))
    assert len(await ready_ids(engine)) == 10


async def test_one_parent_ends_well_and_one_badly_in_one_write(engine: MongoEngine, clock: FakeClock) -> None:
    good, bad, child, later = await engine.intake.submit(
        [
            a_task(id="good"),
            a_task(id="bad"),
            a_task(id="child", dependencies=["good", "bad"]),
            a_task(id="later", dependencies=["good"], eligible_at=A_MOMENT + 5_000),
        ]
    )
    await clock.advance(1)
    lease = await lead(engine, Duty.MONITOR)
    changes = [to(good, FINISHED, final=True), to(bad, FAILED, final=True)]
    assert list(await engine.ledger.write(changes, durable=True, lease=lease)) == [True, True]
    assert list(await engine.ledger.forsaken(9)) == [child]
    freed = later.changed(clock.wall_ms())
    assert await engine.catalog.get("later") == freed
    assert (await engine.queue.ripen(A_MOMENT)).next_due == A_MOMENT + 5_000
    again = to(changes[1].after, TaskLifecycleStatus.CREATED, final=False)
    assert list(await engine.ledger.write([again], durable=True)) == [True]
    assert list(await engine.ledger.forsaken(9)) == []
    row = await engine.store.tasks.find_one({"id": "child"})
    assert row is not None
    assert (row["dispatch"]["open"], row["dispatch"].get("lost"), row["dispatch"]["place"]) == (["bad"], None, "behind")


async def test_two_versions_of_one_write_are_both_told(engine: MongoEngine) -> None:
    [task] = await assigned(engine, a_task())
    _, position = await engine.ledger.live_runs()
    first = to(task, TaskLifecycleStatus.RUNNING)
    second = to(first.after, FINISHED, final=True)
    assert list(await engine.ledger.write([first, second], durable=True)) == [True, True]
    assert [(change.rev, change.status) for change in await told(engine, position)] == [(2, "Running"), (3, "Finished")]


async def test_row_that_others_wrote_without_our_fields_can_be_written(engine: MongoEngine) -> None:
    task = a_task(id="foreign", eligible_at=0)
    await engine.store.tasks.insert_one({"id": "foreign", "className": "Demo", "source": "x", "mode": "Passive"})
    cancelled = to(task, TaskLifecycleStatus.CANCELLED, final=True)
    assert list(await engine.ledger.write([cancelled], durable=True)) == [True]
    stored = await engine.catalog.get("foreign")
    assert stored is not None
    assert (stored.lifecycle_status, stored.rev, stored.final) == ("Cancelled", 1, True)
