"""A change of leader, of memory or of mind: what a dispatcher does before it plans again."""

import pytest

from skalds.errors import StoreUnavailable
from skalds.model.lease import Duty
from skalds.model.policy import TenantPolicy
from skalds.ports.dispatch_queue import Ripened
from tests.unit.system_controller.monitor.ports_with_faults import QueueWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")

NAMES = [f"t{number}" for number in range(9)]


async def limited(world: World, *replicas: Replica) -> None:
    """A large node, nine tasks of one tenant that may run three, and controllers that have seen all of that."""
    await world.join("n1", slots=9)
    await replicas[0].policies.set_tenant("default", TenantPolicy(max_running=3))
    await world.submit(*NAMES)
    for replica in replicas:
        await replica.watch.run_once()
        await replica.policies.refresh()
        await replica.tail.run_once()


async def test_leader_that_takes_over_with_an_unread_feed_exceeds_no_limit(world: World, replica: Replica) -> None:
    successor = Replica(world, "controller-2")
    await limited(world, replica, successor)
    await replica.dispatching.run_once()
    assert await replica.dispatcher._dispatch_tasks() == 3
    await replica.dispatching.resign()
    await successor.dispatching.run_once()

    assert await successor.dispatcher._dispatch_tasks() == 0
    assert len(await world.placed()) == 3


async def test_leader_that_led_before_reads_what_another_did_meanwhile(world: World, replica: Replica) -> None:
    other = Replica(world, "controller-2")
    await limited(world, replica, other)
    await replica.dispatching.run_once()
    await replica.policies.set_tenant("default", TenantPolicy(max_running=1))
    assert await replica.dispatcher._dispatch_tasks() == 1
    await replica.dispatching.resign()
    await other.policies.set_tenant("default", TenantPolicy(max_running=3))
    await other.dispatching.run_once()
    assert await other.dispatcher._dispatch_tasks() == 2
    await other.dispatching.resign()
    await replica.policies.set_tenant("default", TenantPolicy(max_running=4))
    await replica.dispatching.run_once()

    assert await replica.dispatcher._dispatch_tasks() == 1
    assert len(await world.placed()) == 4


async def test_commit_of_unknown_end_counts_before_anything_else_is_planned(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    await limited(world, replica)
    await replica.dispatching.run_once()
    queue.answer_is_lost = queue.reading_back_fails = True
    with pytest.raises(StoreUnavailable):
        await replica.dispatcher._dispatch_tasks()
    queue.answer_is_lost = queue.reading_back_fails = False

    assert await replica.dispatcher._dispatch_tasks() == 0
    assert len(await world.placed()) == 3


async def test_tasks_that_got_ready_in_a_pass_that_failed_are_found_by_the_next(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.join("n1")
    await replica.dispatch()
    await world.submit("a", eligible_at=world.clock.wall_ms() + 10)
    await replica.dispatch()
    await world.clock.advance(0.01)
    ripen = world.engine.queue.ripen

    async def ripen_and_fail(now: int) -> Ripened:
        await ripen(now)
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(world.engine.queue, "ripen", ripen_and_fail)
        with pytest.raises(StoreUnavailable):
            await replica.dispatcher._dispatch_tasks()

    assert await replica.dispatcher._dispatch_tasks() == 1


async def test_new_leader_plans_nothing_until_it_could_read_the_feed(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    await limited(world, replica)
    await replica.dispatching.run_once()

    async def broken(position: int, limit: int) -> object:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(world.engine.ledger, "changes_since", broken)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await replica.dispatcher._dispatch_tasks()
    assert await world.placed() == {}

    assert await replica.dispatcher._dispatch_tasks() == 3


async def test_task_is_found_within_the_interval_though_nobody_told_of_it(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await replica.dispatch()
    await world.submit("a")
    assert await replica.dispatcher._dispatch_tasks() == 0
    for _ in range(5):
        await world.clock.advance(1)
        await world.beat("n1", session)
        await replica.dispatching.run_once()

    assert await replica.dispatcher._dispatch_tasks() == 1


# Now, and paused ------------------------------------------------------------------------------------------------------


async def test_pass_that_is_asked_for_reads_everything_and_tells_what_it_did(world: World, replica: Replica) -> None:
    await world.join("n1")
    await replica.dispatch()
    await world.submit("a", "b", "c")
    report = await replica.dispatcher.run_now()

    assert report is not None
    assert (report.assigned, report.waiting) == (2, {"no_free_slot": 1})


async def test_no_pass_is_run_by_one_who_does_not_lead(world: World, replica: Replica) -> None:
    await replica.dispatch()
    await world.join("n1")
    await world.submit("a")

    assert await Replica(world, "controller-2").dispatcher.run_now() is None
    assert await world.placed() == {}


async def test_no_pass_is_run_by_one_who_learns_in_it_that_it_leads_no_more(
    world: World, replica: Replica, queue: QueueWithFaults
) -> None:
    await world.join("n1")
    await replica.dispatch()
    await world.submit("a")

    async def replaced() -> None:
        await world.engine.leases.take(Duty.DISPATCHER, "other", replica.dispatching.lease, 0)

    queue.before_claim = replaced

    assert await replica.dispatcher.run_now() is None
    assert await world.placed() == {}


async def test_no_pass_is_run_while_paused(world: World, replica: Replica) -> None:
    await world.join("n1")
    await replica.observe()
    await world.submit("a")
    await replica.dispatcher.change({"paused": True})

    assert await replica.dispatcher.run_now() is None
    assert await replica.dispatch() == 0
    assert await world.placed() == {}


async def test_what_becomes_due_during_a_pause_is_ready_after_it(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await world.join("n1", slots=3)
    await world.submit("a")
    await world.submit("b", eligible_at=world.clock.wall_ms() + 1_000)
    await replica.dispatcher.change({"paused": True})
    assert await replica.dispatch() == 0
    await world.clock.advance(1)
    await world.beat("n1", session)
    assert await replica.dispatch() == 0
    assert sum(lane.ready for lane in await world.engine.lanes.backlog()) == 2

    await replica.dispatcher.change({"paused": False})

    assert await replica.dispatch() == 2


async def test_letting_it_go_on_starts_a_pass_at_once(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a")
    await replica.dispatcher.change({"paused": True})
    await replica.observe()
    await replica.dispatcher.start()
    await world.clock.settle()
    assert await world.placed() == {}

    await replica.dispatcher.change({"paused": False})
    await world.clock.settle()
    await replica.dispatcher.stop()

    assert await world.placed() == {"a": "n1"}


# Looking on -----------------------------------------------------------------------------------------------------------


async def test_snapshot_of_a_follower_shows_what_is_still_there(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a", "b", "c")
    follower = Replica(world, "controller-2")
    await replica.dispatching.run_once()
    await follower.watch.run_once()
    first = await follower.dispatcher.snapshot()
    await replica.dispatch()
    second = await follower.dispatcher.snapshot()

    assert [[task.id for lane in shown.lanes for task in lane.heads] for shown in (first, second)] == [
        ["a", "b", "c"], ["c"],
    ]  # fmt: skip
    assert [node.used_slots for node in second.nodes] == [2]
