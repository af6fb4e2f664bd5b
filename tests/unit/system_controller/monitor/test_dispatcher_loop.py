"""When a pass starts: at once for a change, on time for what becomes due, and at the latest after the interval."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from skalds.model.lease import Duty
from skalds.ports.dispatch_queue import Ripened
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults, QueueWithFaults
from tests.unit.system_controller.world import Replica, World

INTERVAL = 5

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
async def running(world: World, replica: Replica) -> AsyncIterator[Replica]:
    """A dispatcher that runs and leads; a node with nine slots is there."""
    await world.join("n1", slots=9)
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    yield replica
    await replica.dispatcher.stop()


async def renewing(world: World, replica: Replica, seconds: float) -> None:
    """Lets time pass while the lease is renewed."""
    end = world.clock.monotonic() + seconds
    while (left := end - world.clock.monotonic()) > 1e-9:
        await replica.dispatching.run_once()
        await world.clock.advance(min(1, left))


async def test_first_pass_starts_with_the_dispatcher(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a")
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    await replica.dispatcher.stop()

    assert await world.statuses("a") == ["Assigning"]


async def test_news_of_a_task_starts_a_pass_without_time_passing(world: World, running: Replica) -> None:
    await world.submit("a")
    await running.tail.run_once()
    await world.clock.settle()

    assert await world.statuses("a") == ["Assigning"]


async def test_lost_wake_costs_an_interval_at_most(world: World, running: Replica) -> None:
    await world.submit("a")
    await renewing(world, running, INTERVAL)
    await world.clock.settle()

    assert await world.statuses("a") == ["Assigning"]


async def test_task_that_becomes_due_is_assigned_at_that_moment(world: World, running: Replica) -> None:
    await world.submit("a", eligible_at=world.clock.wall_ms() + 2500)
    running.dispatcher.wake()
    await renewing(world, running, 2.499)
    assert await world.statuses("a") == ["Created"]

    await renewing(world, running, 0.001)
    await world.clock.settle()

    assert await world.statuses("a") == ["Assigning"]


async def test_switching_the_strategy_starts_a_pass(world: World, running: Replica) -> None:
    await renewing(world, running, 1)
    await running.dispatcher.set_strategy("RANDOM")
    await world.clock.settle()

    assert running.dispatcher.get_status()["lastPass"]["at"] == world.clock.wall_ms()


async def test_lost_lease_ends_the_pass_but_not_the_dispatcher(
    world: World, running: Replica, queue: QueueWithFaults, events: list[str]
) -> None:
    async def replaced() -> None:
        await world.engine.leases.take(Duty.DISPATCHER, "other", running.dispatching.lease, 0)

    queue.before_claim = replaced
    await world.submit("a")
    await running.tail.run_once()
    await world.clock.settle()

    assert await world.statuses("a") == ["Created"]
    assert running.dispatcher.get_status()["running"]
    assert ("dispatch.lease_lost" in events, "dispatch.failed" in events) == (True, False)


async def test_announcement_that_failed_is_repeated_before_the_assignment_runs_out(
    world: World, running: Replica, bus: BusWithFaults
) -> None:
    bus.down = True
    await world.submit("a")
    await running.tail.run_once()
    await world.clock.settle()
    bus.down = False
    await renewing(world, running, 4)

    assert bus.told == {"n1": ["a"]}


async def test_stopping_in_the_middle_of_a_pass_lets_it_end_and_leaves_nobody_sleeping(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    gate = asyncio.Event()
    queue.before_claim = gate.wait
    await world.join("n1")
    await world.submit("a")
    await world.submit("later", eligible_at=world.clock.wall_ms() + 60_000)
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    stopping = asyncio.create_task(replica.dispatcher.stop())
    await world.clock.settle()
    assert not stopping.done()

    gate.set()
    await stopping
    await world.clock.settle()

    assert await world.statuses("a") == ["Assigning"]
    assert world.clock.sleepers == 0


async def test_alarm_set_by_a_pass_that_was_stopped_does_not_outlive_it(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, queue = asyncio.Event(), world.engine.queue
    ripen = queue.ripen

    async def slow_ripen(now: int) -> Ripened:
        await gate.wait()
        return await ripen(now)

    monkeypatch.setattr(queue, "ripen", slow_ripen)
    await world.submit("later", eligible_at=world.clock.wall_ms() + 60_000)
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    stopping = asyncio.create_task(replica.dispatcher.stop())
    await world.clock.settle()
    gate.set()
    await stopping
    await world.clock.settle()

    assert world.clock.sleepers == 0
