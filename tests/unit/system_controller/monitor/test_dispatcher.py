"""A pass commits before it announces, commits nothing it may not, and says why the rest waits."""

from collections.abc import Callable

import pytest

from skalds.errors import LeaseLost, StoreUnavailable
from skalds.model.lease import Duty
from skalds.model.plan import WaitReason
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused
from skalds.system_controller.monitor import ready_lanes, snapshot_reader
from skalds.system_controller.usage import Load
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults, NotingLanes, QueueWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


def limit_rounds(monkeypatch: pytest.MonkeyPatch, tasks: int) -> None:
    """Lets a round place no more than so many tasks."""
    monkeypatch.setattr(snapshot_reader, "ROUND_LIMIT", tasks)
    monkeypatch.setattr(ready_lanes, "ROUND_LIMIT", tasks)
    monkeypatch.setattr(ready_lanes, "FEWEST_HEADS", 1)


async def test_pass_assigns_and_announces_once_per_node(world: World, replica: Replica, bus: BusWithFaults) -> None:
    await world.join("n1")
    await world.join("n2")
    await world.submit("a", "b", "c")

    assert await replica.dispatch() == 3
    assert await world.placed() == {"a": "n1", "b": "n2", "c": "n1"}
    assert bus.told == {"n1": ["a", "c"], "n2": ["b"]}
    assert len(bus.sent) == 2


async def test_row_of_an_assigned_task_says_everything_about_it(
    world: World, replica: Replica, bus: BusWithFaults
) -> None:
    session = await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    task, now = await world.task("a"), world.clock.wall_ms()

    assert (task.lifecycle_status, task.attempt, task.executor, task.released_at) == ("Assigning", 1, "n1", None)
    assert task.assignment is not None
    assert (task.assignment.skald_id, task.assignment.session, task.assignment.term) == ("n1", session, 1)
    assert (task.assignment.assigned_at, task.assignment.accept_by) == (now, now + 5000)
    assert task.assignment.id == bus.sent[0].event.id


async def test_second_pass_gives_nothing_twice(world: World, replica: Replica, bus: BusWithFaults) -> None:
    await world.join("n1", slots=9)
    await world.submit("a", "b")
    await replica.dispatch()

    assert await replica.dispatch() == 0
    assert bus.told == {"n1": ["a", "b"]}


async def test_controller_that_does_not_lead_assigns_nothing(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await world.submit("b")

    assert await Replica(world, "controller-2").dispatch() == 0
    assert await world.statuses("b") == ["Created"]


async def test_task_changed_since_the_snapshot_is_neither_given_nor_announced(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    session = await world.join("n1", slots=9)
    await world.submit("a", "b")
    queue.before_claim = lambda: world.move("a", lifecycle.cancel)

    assert await replica.dispatch() == 1
    assert await world.statuses("a", "b") == ["Cancelled", "Assigning"]
    assert bus.told == {"n1": ["b"]}
    assert replica.cluster.live_runs.load_of("n1", session) == Load(1, 1)


async def test_nothing_is_announced_when_everything_changed(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    await world.join("n1")
    await world.submit("a")
    queue.before_claim = lambda: world.move("a", lifecycle.pause)
    await replica.dispatch()

    assert bus.sent == []
    assert len(replica.cluster.live_runs) == 0


async def test_leader_that_was_replaced_writes_nothing_and_announces_nothing(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    await world.join("n1")
    await world.submit("a")

    async def replaced() -> None:
        await world.engine.leases.take(Duty.DISPATCHER, "other", replica.dispatching.lease, 0)

    queue.before_claim = replaced
    before = await world.task("a")
    with pytest.raises(LeaseLost):
        await replica.dispatch()

    assert await world.task("a") == before
    assert bus.sent == []
    assert len(replica.cluster.live_runs) == 0


async def test_commit_whose_answer_was_lost_is_read_back_and_announced(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    session = await world.join("n1", slots=9)
    await world.submit("a", "b")
    queue.answer_is_lost = True

    assert await replica.dispatch() == 2
    assert bus.told == {"n1": ["a", "b"]}
    assert replica.cluster.live_runs.load_of("n1", session) == Load(2, 2)


async def test_commit_that_was_lost_is_not_repeated_blindly(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    await world.join("n1")
    await world.submit("a")
    queue.claim_is_lost = True

    assert await replica.dispatch() == 0
    assert queue.read_back == [claim.id for claim in queue.claims]
    assert len(queue.claims) == 2
    assert bus.sent == []
    assert len(replica.cluster.live_runs) == 0


async def test_outcome_that_cannot_be_read_back_is_learnt_from_the_feed(
    world: World, replica: Replica, queue: QueueWithFaults, bus: BusWithFaults
) -> None:
    session = await world.join("n1")
    await world.submit("a")
    queue.answer_is_lost = queue.reading_back_fails = True
    with pytest.raises(StoreUnavailable):
        await replica.dispatch()
    queue.answer_is_lost = queue.reading_back_fails = False

    assert await replica.dispatch() == 0
    assert replica.cluster.live_runs.load_of("n1", session) == Load(1, 1)
    assert (await world.task("a")).attempt == 1


async def test_pass_in_small_rounds_keeps_the_order(
    world: World, replica: Replica, bus: BusWithFaults, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_rounds(monkeypatch, 3)
    await world.join("n1", slots=0)
    for place in range(10):
        await world.submit(f"t{place}", priority=place, class_name="Demo", tenant=f"tenant-{place % 2}")

    assert await replica.dispatch() == 10
    assert bus.told == {"n1": [f"t{place}" for place in reversed(range(10))]}


@pytest.mark.parametrize("move", [lifecycle.pause, lifecycle.cancel])
async def test_paused_and_cancelled_tasks_are_not_assigned(
    world: World, replica: Replica, move: Callable[[Task, int], Task | Refused]
) -> None:
    await world.join("n1")
    await world.submit("a")
    await world.move("a", move)

    assert await replica.dispatch() == 0


async def test_requeued_task_waits_for_the_release_of_its_last_run(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await world.move("a", lifecycle.cancel)
    await world.move("a", lifecycle.requeue)
    assert await replica.dispatch() == 0

    await world.move("a", lifecycle.release)

    assert await replica.dispatch() == 1
    assert (await world.task("a")).attempt == 2


async def test_reason_is_noted_once_and_cleared_when_the_task_is_placed(
    world: World, replica: Replica, lanes: NotingLanes
) -> None:
    await world.submit("a")
    await replica.dispatch()
    await replica.dispatch()
    assert lanes.noted == [{1: WaitReason.NO_NODE_ONLINE}]

    await world.join("n1")
    await replica.dispatch()

    assert lanes.noted == [{1: WaitReason.NO_NODE_ONLINE}, {1: None}]


async def test_reason_changes_with_its_cause(world: World, replica: Replica, lanes: NotingLanes) -> None:
    await world.submit("a")
    await replica.dispatch()
    await world.join("n1", classes=frozenset({"Other"}))
    await replica.dispatch()

    assert lanes.noted[-1] == {1: WaitReason.CLASS_NOT_SUPPORTED}


async def test_reason_of_a_lane_that_a_round_did_not_come_to_is_left_alone(
    world: World, replica: Replica, lanes: NotingLanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_rounds(monkeypatch, 2)
    await world.join("n1", slots=0)
    await world.submit("stuck", class_name="Nobody runs this")
    await replica.dispatch()
    await world.submit(*(f"t{place}" for place in range(10)), priority=1)
    lanes.noted.clear()
    await replica.dispatch()

    assert lanes.noted == []


async def test_pass_tells_what_it_did(world: World, replica: Replica, events: list[str]) -> None:
    await world.join("n1")
    await world.submit("a")
    await world.submit("stuck", class_name="Nobody runs this")
    await replica.dispatch()
    last = replica.dispatcher.get_status()["lastPass"]

    assert (last["assigned"], last["waitingLanes"]) == (1, {"class_not_supported": 1})
    assert events.count("dispatch.pass") == 1


async def test_place_of_a_task_that_was_cancelled_unseen_goes_to_the_next_in_the_same_pass(
    world: World, replica: Replica
) -> None:
    await world.join("n1", slots=1)
    await world.submit("first", "gone", "next")
    await replica.dispatch()
    await world.move("gone", lifecycle.cancel)
    await replica.dispatch()
    await world.accept("first")
    await world.finish("first")

    assert await replica.dispatch() == 1
    assert await world.statuses("next") == ["Assigning"]


async def test_claims_that_are_refused_again_end_the_pass(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    session = await world.join("n1", slots=9)
    await world.submit(*(f"t{number}" for number in range(20)))
    await replica.observe()
    await world.engine.directory.leave("n1", session)

    assert await replica.dispatcher._dispatch_tasks() == 0
    assert len(queue.claims) <= 3
    assert len(replica.cluster.live_runs) == 0


async def test_lanes_in_which_nothing_changed_are_not_read(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    await world.join("n1", slots=4)
    for number in range(50):
        await world.submit(f"stuck-{number}", class_name=f"Nobody{number}")
    await replica.dispatch()
    queue.heads_read.clear()
    await replica.dispatch()
    assert queue.heads_read == []

    await world.submit("a")

    assert await replica.dispatch() == 1
    assert [len(lanes) for lanes in queue.heads_read] == [1]
