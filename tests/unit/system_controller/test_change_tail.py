"""The tail of the feed keeps the projection true: it reads on, reads everything again, and repairs."""

import asyncio
from collections.abc import Sequence

import pytest

from skalds.errors import StoreUnavailable
from skalds.model.run_change import LiveRun, RunChange
from skalds.system_controller.usage import Load
from tests.unit.system_controller.world import Replica, World


@pytest.fixture
def replica(world: World) -> Replica:
    return Replica(world)


@pytest.fixture
def told(replica: Replica) -> list[list[str]]:
    """The task ids of each batch of changes that was passed on."""
    batches: list[list[str]] = []
    replica.tail.listeners.append(lambda changes: batches.append([change.task_id for change in changes]))
    return batches


async def running(world: World, replica: Replica, *names: str) -> int:
    """A node that runs these tasks."""
    session = await world.join("n1", slots=0)
    await world.submit(*names)
    await replica.dispatch()
    await world.accept(*names)
    return session


async def test_first_reading_takes_the_rows_and_then_tells_of_changes_only(
    world: World, replica: Replica, told: list[list[str]]
) -> None:
    await world.submit("old")
    assert await replica.tail.run_once() == 0
    await world.submit("a", "b")

    assert await replica.tail.run_once() == 2
    assert told == [[], ["a", "b"]]


async def test_nothing_new_tells_nobody(world: World, replica: Replica, told: list[list[str]]) -> None:
    await replica.tail.run_once()
    await replica.tail.run_once()

    assert told == [[]]


async def test_second_controller_sees_the_same_load(world: World, replica: Replica) -> None:
    session = await running(world, replica, "a", "b")
    other = Replica(world, "controller-2")
    await other.tail.run_once()
    assert other.cluster.live_runs.load_of("n1", session) == Load(2, 2)

    await world.finish("a")
    await other.tail.run_once()

    assert other.cluster.live_runs.load_of("n1", session) == Load(1, 1)


async def test_backlog_of_many_pages_is_read_to_its_end_at_once(world: World, replica: Replica) -> None:
    await replica.tail.run_once()
    for start in range(0, 5000, 500):
        await world.submit(*(f"t{number}" for number in range(start, start + 500)))

    assert await replica.tail.run_once() == 5000


@pytest.mark.usefixtures("events")
async def test_trimmed_feed_leads_to_reading_everything_again(
    world: World, replica: Replica, told: list[list[str]]
) -> None:
    session = await running(world, replica, "a", "b")
    await replica.tail.run_once()
    await world.finish("a")
    await world.engine.ledger.trim_feed(0)
    told.clear()
    await replica.tail.run_once()

    assert replica.cluster.live_runs.load_of("n1", session) == Load(1, 1)
    assert told == [[]]


@pytest.mark.usefixtures("events")
async def test_after_a_trim_it_follows_the_feed_again(world: World, replica: Replica, told: list[list[str]]) -> None:
    await replica.tail.run_once()
    await world.submit("a")
    await world.engine.ledger.trim_feed(0)
    await replica.tail.run_once()
    told.clear()
    await world.submit("b")
    await replica.tail.run_once()

    assert told == [["b"]]


async def test_failed_reading_changes_nothing_and_loses_nothing(
    world: World, replica: Replica, told: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await running(world, replica, "a")
    await replica.tail.run_once()
    await world.finish("a")

    async def fails(position: int, limit: int) -> Sequence[RunChange] | None:
        raise StoreUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(world.engine.ledger, "changes_since", fails)
        with pytest.raises(StoreUnavailable):
            await replica.tail.run_once()
        assert replica.cluster.live_runs.load_of("n1", session) == Load(1, 1)
    await replica.tail.run_once()

    assert len(replica.cluster.live_runs) == 0


async def test_audit_of_a_true_projection_finds_nothing(world: World, replica: Replica, told: list[list[str]]) -> None:
    await running(world, replica, "a", "b")
    told.clear()

    assert await replica.tail.audit() == 0
    assert [] not in told


async def test_audit_reads_the_outstanding_feed_before_it_compares(world: World, replica: Replica) -> None:
    await running(world, replica, "a", "b")
    await replica.tail.run_once()
    await world.finish("a")

    assert await replica.tail.audit() == 0
    assert len(replica.cluster.live_runs) == 1


async def test_audit_repairs_counts_and_tells(
    world: World, replica: Replica, told: list[list[str]], events: list[str]
) -> None:
    session = await running(world, replica, "a", "b")
    await replica.tail.run_once()
    live = replica.cluster.live_runs
    live.replace([LiveRun("ghost", 1, "Running", "n1", session, 3)], 0)
    told.clear()

    assert await replica.tail.audit() == 3
    assert live.load_of("n1", session) == Load(2, 2)
    assert told == [[]]
    assert "projection.repaired" in events


async def test_audit_before_the_first_reading_does_nothing(world: World, replica: Replica) -> None:
    await world.submit("a")

    assert await replica.tail.audit() == 0


async def test_audit_waits_while_reservations_are_open(world: World, replica: Replica) -> None:
    await replica.tail.run_once()
    live, reservation = replica.cluster.live_runs, [LiveRun("t", 1, "Assigning", "n1", 1, 1)]
    async with live.settling:
        live.reserve(reservation, 0)
        audit = asyncio.create_task(replica.tail.audit())
        await world.clock.settle()
        assert not audit.done()
        live.drop(reservation)

    assert await audit == 0


@pytest.mark.usefixtures("events")
async def test_trimmed_feed_is_read_again_once_no_reservation_is_open(
    world: World, replica: Replica, told: list[list[str]]
) -> None:
    await replica.tail.run_once()
    await world.submit("a")
    await world.engine.ledger.trim_feed(0)
    told.clear()
    live, reservation = replica.cluster.live_runs, [LiveRun("t", 1, "Assigning", "n1", 1, 1)]
    async with live.settling:
        live.reserve(reservation, 0)
        readings = [asyncio.create_task(read()) for read in (replica.tail.run_once, replica.tail.audit) * 2]
        await world.clock.settle()
        assert live.load_of("n1", 1) == Load(1, 1)
        live.drop(reservation)
    async with asyncio.timeout(5):
        await asyncio.gather(*readings)

    assert (len(live), told) == (0, [[]])


@pytest.mark.usefixtures("events")
async def test_audit_that_finds_the_feed_trimmed_reads_everything_again(
    world: World, replica: Replica, told: list[list[str]]
) -> None:
    session = await running(world, replica, "a", "b")
    await replica.tail.run_once()
    await world.finish("a")
    await world.engine.ledger.trim_feed(0)
    told.clear()
    async with asyncio.timeout(5):
        assert await replica.tail.audit() == 0
    await world.submit("c")
    await replica.tail.run_once()

    assert replica.cluster.live_runs.load_of("n1", session) == Load(1, 1)
    assert told == [[], ["c"]]
