"""Ended tasks go after their time, a few at a time, by the holder of the duty only."""

import asyncio
from datetime import timedelta

import pytest

from skalds.model.lease import Duty
from skalds.planning import lifecycle
from skalds.system_controller.monitor.retention import BATCH, KEYS_KEPT, PAUSE_SECONDS, TaskRetention
from tests.unit.system_controller.world import Replica, World

KEPT = timedelta(days=30)
DAY = timedelta(days=1).total_seconds()


def retention(world: World, replica: Replica, kept: timedelta = KEPT) -> TaskRetention:
    return TaskRetention(replica.monitoring, world.engine, world.clock, kept)


async def cancelled(world: World, *names: str, **changes: object) -> None:
    await world.submit(*names, **changes)
    for name in names:
        await world.move(name, lifecycle.cancel)


async def forget(world: World, duty: TaskRetention, replica: Replica) -> None:
    """One round, with time to pass in its pauses."""
    await replica.observe()
    async with asyncio.TaskGroup() as group:
        round_ = group.create_task(duty.run_once())
        while not round_.done():
            await world.clock.advance(PAUSE_SECONDS)


async def test_ended_task_is_kept_for_its_time(world: World, replica: Replica, events: list[str]) -> None:
    await cancelled(world, "a")
    duty = retention(world, replica)
    await forget(world, duty, replica)  # its lane is not used any more
    events.clear()
    await world.clock.advance(KEPT.total_seconds() - world.clock.monotonic())
    await forget(world, duty, replica)
    assert await world.statuses("a") == ["Cancelled"]
    assert "retention.round" not in events

    await world.clock.advance(1)
    await forget(world, duty, replica)
    assert await world.engine.catalog.get("a") is None
    assert events.count("retention.round") == 1


async def test_many_go_in_batches_with_pauses(world: World, replica: Replica, events: list[str]) -> None:
    await cancelled(world, *(f"t{number}" for number in range(2 * BATCH + 1)))
    await world.clock.advance(KEPT.total_seconds() + 1)
    began = world.clock.monotonic()
    await forget(world, retention(world, replica), replica)

    assert await world.engine.catalog.count_by_status() == {}
    assert world.clock.monotonic() - began == pytest.approx(2 * PAUSE_SECONDS, abs=PAUSE_SECONDS + 0.001)
    assert events.count("retention.round") == 1


@pytest.mark.usefixtures("events")
async def test_key_outlives_a_shorter_retention(world: World, replica: Replica) -> None:
    await cancelled(world, "plain")
    await cancelled(world, "keyed", idempotency_key="k")
    duty = retention(world, replica, timedelta(hours=1))
    await world.clock.advance(KEYS_KEPT.total_seconds())
    await forget(world, duty, replica)
    assert await world.engine.catalog.get("plain") is None
    assert await world.statuses("keyed") == ["Cancelled"]

    await world.clock.advance(1)
    await forget(world, duty, replica)
    assert await world.engine.catalog.get("keyed") is None


@pytest.mark.usefixtures("events")
async def test_replica_without_the_duty_forgets_nothing(world: World, replica: Replica) -> None:
    await cancelled(world, "a")
    await world.clock.advance(31 * DAY)
    await replica.observe()
    await Replica(world, "controller-2").observe()
    await retention(world, Replica(world, "controller-2")).run_once()

    assert await world.statuses("a") == ["Cancelled"]


async def test_term_that_ended_unnoticed_forgets_nothing(world: World, replica: Replica, events: list[str]) -> None:
    await cancelled(world, "a")
    await world.clock.advance(31 * DAY)
    await replica.observe()
    held = await world.engine.leases.read(Duty.MONITOR)
    await world.engine.leases.take(Duty.MONITOR, "controller-2", held, expires=0)
    await retention(world, replica).run_once()

    assert await world.statuses("a") == ["Cancelled"]
    assert "retention.lease_lost" in events


@pytest.mark.usefixtures("events")
async def test_round_ends_when_the_duty_is_resigned(world: World, replica: Replica) -> None:
    await cancelled(world, *(f"t{number}" for number in range(2 * BATCH)))
    await world.clock.advance(31 * DAY)
    await replica.observe()
    async with asyncio.TaskGroup() as group:
        group.create_task(retention(world, replica).run_once())
        await world.clock.settle()
        await replica.monitoring.resign()
        await world.clock.advance(PAUSE_SECONDS)

    assert await world.engine.catalog.count_by_status() == {"Cancelled": BATCH}
