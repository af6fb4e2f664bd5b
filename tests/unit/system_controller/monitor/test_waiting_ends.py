"""Waiting ends for tasks past their deadline, and for those whose parent will never be Finished."""

import pytest

from skalds.model.lease import Duty
from skalds.model.run_change import RunChange
from skalds.planning import lifecycle
from skalds.system_controller.monitor import waiting_ends
from skalds.system_controller.monitor.waiting_ends import WaitingEnds
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


def duty(replica: Replica) -> WaitingEnds:
    return WaitingEnds(replica.monitoring, replica.world.engine, replica.world.clock)


async def error_of(world: World, name: str) -> str | None:
    error = (await world.task(name)).error
    return error.type if error else None


async def test_task_past_its_deadline_fails_for_good(world: World, replica: Replica, events: list[str]) -> None:
    await world.submit("late", deadline_date_time=world.clock.wall_ms() + 5_000)
    await world.submit("later", deadline_date_time=world.clock.wall_ms() + 5_001)
    await world.submit("patient")
    await world.clock.advance(5)
    await replica.observe()
    await duty(replica).run_once()

    assert await world.statuses("late", "later", "patient") == ["Failed", "Created", "Created"]
    assert ((await world.task("late")).final, await error_of(world, "late")) == (True, "deadline")
    assert events.count("task.failed") == 1


async def test_task_that_started_has_no_deadline_any_more(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a", deadline_date_time=world.clock.wall_ms() + 1_000)
    await replica.dispatch()
    await world.clock.advance(2)
    await duty(replica).run_once()

    assert await world.statuses("a") == ["Assigning"]


@pytest.mark.parametrize("move", [lifecycle.cancel, None])
async def test_chain_is_forsaken_level_by_level(world: World, replica: Replica, move: object) -> None:
    await world.submit("root", deadline_date_time=world.clock.wall_ms() + 1_000)
    for level in range(5):
        await world.submit(f"level-{level}", dependencies=[f"level-{level - 1}" if level else "root"])
    await world.submit("bystander")
    await world.submit("both", dependencies=["bystander", "level-4"])
    if move:
        await world.move("root", lifecycle.cancel)
    else:
        await world.clock.advance(1)
    await replica.observe()
    await duty(replica).run_once()

    chain = [f"level-{level}" for level in range(5)]
    assert await world.statuses(*chain, "both", "bystander") == ["Failed"] * 6 + ["Created"]
    assert {await error_of(world, name) for name in [*chain, "both"]} == {"dependency"}


async def test_more_than_a_batch_ends_in_one_round(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_ends, "_BATCH", 3)
    await world.submit("root")
    late = [f"late-{number}" for number in range(10)]
    forsaken = [f"forsaken-{number}" for number in range(10)]
    await world.submit(*late, deadline_date_time=world.clock.wall_ms())
    await world.submit(*forsaken, dependencies=["root"])
    await world.move("root", lifecycle.cancel)
    await replica.observe()
    await duty(replica).run_once()

    assert set(await world.statuses(*late, *forsaken)) == {"Failed"}


async def test_task_that_comes_back_after_its_failed_parent_was_forgotten_is_ended_too(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_ends, "_BATCH", 2)
    await world.submit("old", "recent")
    await world.submit("parked", "over", dependencies=["old"])
    await world.move("parked", lifecycle.pause)
    await world.move("old", lifecycle.cancel)
    await replica.observe()
    await duty(replica).run_once()
    await world.clock.advance(1)
    await replica.observe()
    lease = replica.monitoring.lease
    assert lease is not None
    # "over" is put out of the way, so that only its parent is old enough to be forgotten.
    await world.move("over", lifecycle.requeue)
    await world.move("over", lifecycle.pause)
    now = world.clock.wall_ms()
    assert await world.engine.retention.forget_ended(now, now, 10, lease) == 1

    await world.submit("child", dependencies=["recent"])
    await world.move("parked", lifecycle.resume)
    await world.move("over", lifecycle.resume)
    await world.move("recent", lifecycle.cancel)
    await replica.observe()
    await duty(replica).run_once()

    assert await world.statuses("parked", "over", "child") == ["Failed"] * 3
    assert {await error_of(world, name) for name in ("parked", "over")} == {"dependency"}


async def test_controller_without_the_duty_ends_nothing(world: World, replica: Replica) -> None:
    await replica.observe()
    await world.submit("late", deadline_date_time=world.clock.wall_ms())
    other = Replica(world, "controller-2")
    await other.observe()
    await duty(other).run_once()

    assert await world.statuses("late") == ["Created"]


async def test_holder_that_was_replaced_ends_nothing(world: World, replica: Replica, events: list[str]) -> None:
    await world.submit("late", deadline_date_time=world.clock.wall_ms())
    await replica.observe()
    before = await world.task("late")
    await world.engine.leases.take(Duty.MONITOR, "other", replica.monitoring.lease, 0)
    await duty(replica).run_once()

    assert await world.task("late") == before
    assert events.count("waiting_ends.lease_lost") == 1


async def test_task_that_changes_while_it_is_ended_ends_the_round_all_the_same(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.submit("late", deadline_date_time=world.clock.wall_ms())
    old = [await world.task("late")]
    await world.move("late", lifecycle.pause)

    async def overdue(now: int, limit: int) -> object:
        return old

    monkeypatch.setattr(world.engine.ledger, "overdue", overdue)
    await replica.observe()
    await duty(replica).run_once()

    assert await world.statuses("late") == ["Paused"]


@pytest.mark.parametrize(
    ("status", "final", "concerns"),
    [("Failed", True, True), ("Cancelled", True, True), ("Failed", False, False), ("Finished", True, False)],
)
def test_only_ends_that_forsake_others_are_of_concern(status: str, final: bool, concerns: bool) -> None:
    change = RunChange(1, "t", "C", 1, status, final, 1, None, 0, 0, False, False)

    assert WaitingEnds.concerns([change]) is concerns
    assert WaitingEnds.concerns([]) is False
