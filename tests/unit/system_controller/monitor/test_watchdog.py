"""A task that waits beside a free slot is reported and placed; nothing is reported where all is well."""

import random
from collections.abc import Sequence

import pytest

from skalds.model.lease import Duty
from skalds.model.policy import TenantPolicy
from skalds.model.run_change import LiveRun
from skalds.planning import lifecycle
from skalds.ports.dispatch_queue import Lane
from skalds.system_controller.monitor import watchdog
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


async def overlooked(world: World, replica: Replica) -> None:
    """`a` waits beside a free node, and the dispatcher's lanes do not know of it."""
    await world.join("n1")
    await replica.dispatch()
    await world.submit("a")
    await replica.observe()
    replica.dispatcher._lanes._stale.clear()
    assert await replica.dispatcher._dispatch_tasks() == 0


async def look(world: World, replica: Replica, times: int = 2) -> list[int]:
    """Looks a second apart, with nothing else happening."""
    found = []
    for _ in range(times):
        await replica.dispatching.run_once()
        found.append(await replica.watchdog.run_once())
        await world.clock.advance(1)
    return found


async def test_overlooked_task_is_reported_counted_and_placed(
    world: World, replica: Replica, events: list[str]
) -> None:
    await overlooked(world, replica)

    assert await look(world, replica) == [0, 1]
    assert events.count("dispatch.stalled") == 1
    assert replica.dispatcher.get_status()["stalledTotal"] == 1
    assert await replica.dispatcher._dispatch_tasks() == 1
    assert await look(world, replica, 3) == [0, 0, 0]


async def test_running_dispatcher_is_woken_by_it(world: World, replica: Replica) -> None:
    await world.join("n1")
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    await world.submit("a")  # and nobody reads the feed
    assert await look(world, replica) == [0, 1]
    await world.clock.settle()
    await replica.dispatcher.stop()

    assert await world.statuses("a") == ["Assigning"]


async def test_different_tasks_about_to_be_placed_at_each_look_are_not_overlooked(
    world: World, replica: Replica
) -> None:
    await world.join("n1")
    for name in ("a", "b", "c"):
        await world.submit(name)
        await replica.observe()
        assert await replica.watchdog.run_once() == 0
        assert await replica.dispatcher._dispatch_tasks() <= 1
        for run in (await world.engine.ledger.live_runs())[0]:
            await world.accept(run.task_id)
            await world.finish(run.task_id)


async def test_next_attempt_at_a_task_is_another_matter(world: World, replica: Replica) -> None:
    await overlooked(world, replica)
    assert await look(world, replica, 1) == [0]
    replica.dispatcher._lanes.mark_all()
    await replica.dispatch()
    await world.move("a", lifecycle.lose)
    await replica.observe()

    assert await look(world, replica, 1) == [0]


async def test_nothing_is_overlooked_while_a_pass_is_under_way(world: World, replica: Replica) -> None:
    await overlooked(world, replica)
    async with replica.dispatcher.passing:
        assert await look(world, replica, 3) == [0, 0, 0]

    assert await look(world, replica) == [0, 1]


async def test_nothing_is_overlooked_while_paused(world: World, replica: Replica) -> None:
    await overlooked(world, replica)
    await replica.dispatcher.change({"paused": True})

    assert await look(world, replica, 3) == [0, 0, 0]


async def test_nothing_is_overlooked_by_one_who_does_not_lead(world: World, replica: Replica) -> None:
    await overlooked(world, replica)
    await world.engine.leases.take(Duty.DISPATCHER, "other", replica.dispatching.lease, 0)

    assert await look(world, replica, 3) == [0, 0, 0]


async def test_only_what_comes_next_is_overlooked(world: World, replica: Replica) -> None:
    """One slot is free; of a hundred tasks only the first is late."""
    await world.join("n1", slots=1)
    await replica.dispatch()
    await world.submit(*(f"t{number:02}" for number in range(50)))
    await world.submit(*(f"u{number:02}" for number in range(50)), class_name="Demo", priority=1)
    await replica.observe()
    replica.dispatcher._lanes._stale.clear()

    assert await look(world, replica) == [0, 1]


@pytest.mark.parametrize("state", ["full", "no node", "other class", "tenant limit", "empty"])
async def test_tasks_that_cannot_start_are_not_overlooked(world: World, replica: Replica, state: str) -> None:
    if state != "no node":
        await world.join("n1", classes=frozenset({"Other"} if state == "other class" else {"Demo"}))
    if state == "tenant limit":
        await replica.policies.set_tenant("default", TenantPolicy(max_running=0))
    if state != "empty":
        await world.submit(*"abcdef")
    await replica.dispatch()

    assert await look(world, replica, 4) == [0, 0, 0, 0]


async def test_ghost_in_the_projection_is_left_to_the_audit(world: World, replica: Replica) -> None:
    session = await world.join("n1", slots=1)
    await world.submit("a")
    await replica.observe()
    replica.cluster.live_runs.reserve([LiveRun("ghost", 1, "Running", "n1", session, 1)], 0)
    assert await replica.dispatch() == 0
    assert await look(world, replica) == [0, 0]

    assert await replica.tail.audit() == 1

    assert await replica.dispatch() == 1


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_overlooked_under_continuous_load(world: World, replica: Replica, seed: int) -> None:
    rng = random.Random(seed)
    sessions = {node: await world.join(node, slots=3) for node in ("n1", "n2", "n3")}
    await replica.observe()
    await replica.dispatcher.start()
    for second in range(60):
        for node, session in sessions.items():
            await world.beat(node, session)
        await replica.observe()
        for number in range(rng.randrange(8)):
            await world.submit(f"t{second}-{number}", priority=rng.randrange(3), slots=rng.randrange(3))
        await some_runs_move_on(world, rng)
        if rng.random() < 0.5:
            await replica.tail.run_once()
        assert await replica.watchdog.run_once() == 0
        await world.clock.advance(1)
    await replica.dispatcher.stop()

    assert replica.dispatcher.stats.assigned_total > 50


async def some_runs_move_on(world: World, rng: random.Random) -> None:
    """What is assigned is accepted, and of what runs some ends."""
    for run in (await world.engine.ledger.live_runs())[0]:
        if run.status == "Assigning":
            await world.accept(run.task_id)
        elif rng.random() < 0.4:
            await world.finish(run.task_id)


async def test_many_lanes_are_looked_at_part_by_part_until_each_had_its_turn(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "MOST_LANES", 3)
    await world.join("n1", classes=frozenset({"Free"}))
    for number in range(7):
        await world.submit(f"blocked{number}", class_name=f"Blocked{number}")
    await replica.dispatch()
    await world.submit("a", class_name="Free")
    await replica.observe()
    replica.dispatcher._lanes._stale.clear()
    assert await replica.dispatcher._dispatch_tasks() == 0

    assert await look(world, replica, 4) == [0, 0, 0, 1]
    assert await replica.dispatcher._dispatch_tasks() == 1
    assert await look(world, replica, 6) == [0] * 6


async def test_nothing_is_read_while_the_dispatcher_is_busy(world: World, replica: Replica) -> None:
    await overlooked(world, replica)
    read: list[int] = []
    lanes = world.engine.queue.lanes

    async def list_lanes() -> Sequence[Lane]:
        read.append(1)
        return await lanes()

    world.engine.queue.lanes = list_lanes  # type: ignore[method-assign]
    async with replica.dispatcher.passing:
        await look(world, replica, 3)
    assert read == []

    assert await look(world, replica) == [0, 1]
