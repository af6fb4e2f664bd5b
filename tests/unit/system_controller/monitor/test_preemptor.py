"""Runs are asked to leave for urgent tasks: once, under the lease, and only as they were planned."""

from collections.abc import Sequence

import pytest

from skalds.errors import LeaseLost
from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Preempt
from skalds.model.reserved import Reserved
from skalds.planning import lifecycle
from skalds.system_controller.monitor.preemptor import Preemptor
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
def preemptor(replica: Replica) -> Preemptor:
    return Preemptor(replica.cluster.live_runs, replica.around)


@pytest.fixture
async def lease(world: World, replica: Replica, bus: BusWithFaults) -> LeaseRow:
    """A leader's; two preemptible runs, a and b, fill the node n1."""
    await world.join("n1", reserved=Reserved(0, 5))
    await world.submit("a", "b", preemptible=True)
    await replica.dispatch()
    await world.accept("a", "b")
    await replica.tail.run_once()
    bus.sent.clear()
    assert replica.dispatching.lease is not None
    return replica.dispatching.lease


def please(*names: str, attempt: int = 1, leave_for: str = "urgent") -> Sequence[Preempt]:
    return [Preempt(name, attempt, "n1", leave_for) for name in names]


async def leaving(world: World, name: str) -> str | None:
    task = await world.task(name)
    return task.assignment.leave_for if task.assignment else None


def known_to_leave(replica: Replica) -> dict[str, str | None]:
    return {run.task_id: run.leaving_for for run in replica.cluster.live_runs.preemptible.views()}


async def test_run_is_marked_remembered_and_its_node_told(
    world: World, replica: Replica, preemptor: Preemptor, lease: LeaseRow, bus: BusWithFaults, events: list[str]
) -> None:
    assert await preemptor.preempt(please("a"), lease) == 1

    assert (await leaving(world, "a"), await leaving(world, "b")) == ("urgent", None)
    assert known_to_leave(replica) == {"a": "urgent", "b": None}
    assert bus.told == {"n1": ["a"]}
    assert events.count("task.preempted") == 1


async def test_run_that_leaves_already_is_not_asked_again_for_something_else(
    world: World, replica: Replica, preemptor: Preemptor, lease: LeaseRow, bus: BusWithFaults
) -> None:
    await preemptor.preempt(please("a"), lease)
    before = await world.task("a")

    assert await preemptor.preempt(please("a", leave_for="another"), lease) == 0
    assert await world.task("a") == before
    assert known_to_leave(replica)["a"] == "urgent"
    assert len(bus.sent) == 1


async def test_next_leader_learns_what_leaves_already(world: World, preemptor: Preemptor, lease: LeaseRow) -> None:
    await preemptor.preempt(please("a"), lease)
    row = await world.engine.leases.take(Duty.DISPATCHER, "controller-2", lease, 0)
    successor = Replica(world, "controller-2")
    await successor.tail.run_once()
    assert row is not None
    assert known_to_leave(successor) == {"a": None, "b": None}

    asked = await Preemptor(successor.cluster.live_runs, successor.around).preempt(
        please("a", leave_for="another"), row
    )

    assert asked == 0
    assert known_to_leave(successor) == {"a": "urgent", "b": None}


@pytest.mark.parametrize("ends", ["finished", "next attempt", "deleted"])
async def test_run_that_has_moved_on_is_left_alone(
    world: World, preemptor: Preemptor, lease: LeaseRow, bus: BusWithFaults, ends: str
) -> None:
    asked = please("a", attempt=0) if ends == "next attempt" else please("nobody" if ends == "deleted" else "a")
    if ends == "finished":
        await world.finish("a")

    assert await preemptor.preempt(asked, lease) == 0
    assert await leaving(world, "a") is None
    assert bus.sent == []


async def test_run_that_changes_between_reading_and_writing_is_left_alone(
    world: World, replica: Replica, preemptor: Preemptor, lease: LeaseRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_many = world.engine.catalog.get_many

    async def get_and_be_late(ids: Sequence[str]) -> object:
        found = await get_many(ids)
        await world.move("a", lifecycle.pause)
        return found

    monkeypatch.setattr(world.engine.catalog, "get_many", get_and_be_late)

    assert await preemptor.preempt(please("a", "b"), lease) == 1
    assert (await leaving(world, "a"), await leaving(world, "b")) == (None, "urgent")
    assert known_to_leave(replica)["a"] is None


async def test_leader_that_was_replaced_asks_nobody(
    world: World, replica: Replica, preemptor: Preemptor, lease: LeaseRow, bus: BusWithFaults
) -> None:
    await world.engine.leases.take(Duty.DISPATCHER, "other", lease, 0)
    before = await world.task("a")
    with pytest.raises(LeaseLost):
        await preemptor.preempt(please("a"), lease)

    assert await world.task("a") == before
    assert known_to_leave(replica)["a"] is None
    assert bus.sent == []


async def test_urgent_task_gets_the_place_and_one_run_leaves_for_it(
    world: World, replica: Replica, lease: LeaseRow, bus: BusWithFaults
) -> None:
    await world.submit("urgent", priority=9)
    for _ in range(3):
        assert await replica.dispatch() == 0
    assert [await leaving(world, name) for name in "ab"] == ["urgent", None]
    assert bus.told == {"n1": ["a"]}

    await world.move("a", lifecycle.hand_back)
    await world.move("a", lifecycle.release)

    assert await replica.dispatch() == 1
    assert await world.statuses("urgent", "a") == ["Assigning", "Created"]
    assert (await world.task("a")).failures == 0
