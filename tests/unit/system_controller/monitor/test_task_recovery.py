"""No run stays with a node that will not finish it, and nothing is taken from one that might."""

from collections.abc import Sequence

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.model.lease import Duty
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import REFUSAL_PAUSE_MS
from skalds.testing import a_node
from tests.unit.system_controller.world import Replica, World

LOST = 10
ACCEPT = 5
PATIENCE = 300

pytestmark = pytest.mark.usefixtures("events")


async def running(world: World, replica: Replica, *names: str, node: str = "n1") -> int:
    """A node that has accepted these tasks; returns its session."""
    session = await world.join(node, slots=len(names), classes=frozenset({node}))
    await world.submit(*names, class_name=node)
    await replica.dispatch()
    await world.accept(*names)
    await replica.observe()
    return session


async def fleet_of(world: World, replica: Replica, size: int) -> dict[str, int]:
    """As many nodes with one running task each, `t<n>` on `n<n>`; returns their sessions."""
    return {f"n{n}": await running(world, replica, f"t{n}", node=f"n{n}") for n in range(size)}


async def test_tasks_of_a_lost_node_come_back_once_with_one_loss(world: World, replica: Replica) -> None:
    await running(world, replica, "a", "b")
    await replica.live_for(LOST + 5)

    for name in ("a", "b"):
        task = await world.task(name)
        assert (task.lifecycle_status, task.losses, task.executor, task.attempt) == ("Created", 1, None, 1)
        assert task.is_waiting


async def test_tasks_of_a_node_that_is_only_suspect_stay(world: World, replica: Replica) -> None:
    await running(world, replica, "a")
    await replica.live_for(LOST - 1)

    assert await world.statuses("a") == ["Running"]


async def test_session_of_a_lost_node_is_closed_so_that_it_learns_of_it(world: World, replica: Replica) -> None:
    session = await running(world, replica, "a")
    await replica.live_for(LOST)

    registration = await world.engine.directory.registration_of("n1")
    assert registration is not None
    assert (registration.session, registration.closed) == (session, True)


async def test_write_of_the_lost_node_that_comes_too_late_changes_nothing(world: World, replica: Replica) -> None:
    await running(world, replica, "a")
    before = await world.task("a")
    await replica.live_for(LOST)
    stored = await world.task("a")
    late = lifecycle.finish(before, 0, result=1, started=0, ended=0)

    assert list(await world.engine.ledger.write([Change(before, late)], durable=True)) == [False]
    assert await world.task("a") == stored


async def test_tasks_of_a_process_known_to_be_gone_come_back_at_once(world: World, replica: Replica) -> None:
    engine = await MemoryEngine.open(world.store, world.clock)
    await engine.directory.register(a_node(id="n1"), 0)
    await world.submit("a")
    await replica.dispatch()
    await engine.close()
    await replica.recover()

    assert await world.statuses("a") == ["Created"]


async def test_tasks_of_an_older_session_come_back_when_its_node_registers_again(
    world: World, replica: Replica
) -> None:
    await running(world, replica, "a")
    await world.join("n1", slots=1, classes=frozenset({"n1"}))
    await replica.recover()

    assert ((await world.task("a")).losses, await world.statuses("a")) == (1, ["Created"])


async def test_newer_session_is_left_alone_when_the_older_one_is_taken_back(world: World, replica: Replica) -> None:
    await running(world, replica, "a")
    session = await world.join("n1", slots=1, classes=frozenset({"n1"}))
    await replica.recover()

    registration = await world.engine.directory.registration_of("n1")
    assert registration is not None
    assert (registration.session, registration.closed) == (session, False)


async def test_runs_of_a_node_that_joined_after_the_last_look_are_not_taken_back(
    world: World, replica: Replica
) -> None:
    await replica.observe()
    session = await world.join("n1")
    await world.submit("a")
    other = Replica(world, "controller-2")
    await world.clock.advance(1)
    await replica.dispatching.resign()
    await other.dispatch()
    await world.accept("a")
    await replica.tail.run_once()
    await replica.recovery.run_once()

    registration = await world.engine.directory.registration_of("n1")
    assert registration is not None
    assert (registration.session, registration.closed) == (session, False)
    assert await world.statuses("a") == ["Running"]


async def test_run_left_behind_by_a_node_that_said_goodbye_comes_back(world: World, replica: Replica) -> None:
    session = await running(world, replica, "a")
    await world.engine.directory.leave("n1", session)
    await replica.recover()

    assert await world.statuses("a") == ["Created"]


async def test_assignment_nobody_accepted_is_taken_back_in_time(world: World, replica: Replica) -> None:
    session = await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await replica.live_for(ACCEPT - 1, beating=[("n1", session)])
    assert await world.statuses("a") == ["Assigning"]

    await replica.live_for(1, beating=[("n1", session)])

    task = await world.task("a")
    assert (task.lifecycle_status, task.refusals, task.losses, task.executor) == ("Created", 1, 0, None)


@pytest.mark.parametrize("jump", [3_600_000, -3_600_000])
async def test_jump_of_the_wall_clock_takes_no_assignment_back(world: World, replica: Replica, jump: int) -> None:
    session = await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    world.clock.jump_wall(jump)
    await replica.live_for(ACCEPT - 1, beating=[("n1", session)])

    assert await world.statuses("a") == ["Assigning"]


async def test_accepted_assignment_stays(world: World, replica: Replica) -> None:
    session = await running(world, replica, "a")
    await replica.live_for(ACCEPT + 5, beating=[("n1", session)])

    assert await world.statuses("a") == ["Running"]


async def test_fresh_assignment_is_not_mistaken_for_the_unaccepted_one_before_it(
    world: World, replica: Replica
) -> None:
    session = await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await replica.live_for(ACCEPT - 2, beating=[("n1", session)])
    await world.move("a", lifecycle.refuse)
    await world.clock.advance(REFUSAL_PAUSE_MS / 1000)
    await replica.dispatching.resign()
    assert await Replica(world, "controller-2").dispatch() == 1
    await world.clock.advance(2 - REFUSAL_PAUSE_MS / 1000)
    await replica.monitoring.run_once()
    await replica.recovery.run_once()

    task = await world.task("a")
    assert (task.lifecycle_status, task.attempt) == ("Assigning", 2)


async def test_attempt_that_begins_while_the_overdue_one_is_read_has_all_its_time(
    world: World, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await replica.live_for(ACCEPT - 1, beating=[("n1", session)])
    await world.clock.advance(1)
    await replica.monitoring.run_once()
    get_many = world.engine.catalog.get_many

    async def assigned_anew(ids: Sequence[str]) -> Sequence[Task]:
        await world.move("a", lifecycle.refuse)
        await world.clock.advance(REFUSAL_PAUSE_MS / 1000)
        await world.beat("n1", session)
        assert await replica.dispatch() == 1
        return await get_many(ids)

    with monkeypatch.context() as patch:
        patch.setattr(world.engine.catalog, "get_many", assigned_anew)
        await replica.recovery.run_once()

    task = await world.task("a")
    assert (task.lifecycle_status, task.attempt) == ("Assigning", 2)


async def test_cancelled_run_of_a_lost_node_is_released_and_stays_cancelled(world: World, replica: Replica) -> None:
    await running(world, replica, "a")
    before = await world.move("a", lifecycle.cancel)
    await replica.live_for(LOST)

    task = await world.task("a")
    assert (task.lifecycle_status, task.losses, task.holds_slot, task.rev) == ("Cancelled", 0, False, before.rev + 1)


async def test_fifth_loss_is_poison(world: World, replica: Replica) -> None:
    await world.submit("a", losses=4)
    await world.join("n1")
    await replica.dispatch()
    await world.accept("a")
    await replica.live_for(LOST)

    task = await world.task("a")
    assert (task.lifecycle_status, task.final, task.losses) == ("Failed", True, 5)


async def test_mass_loss_is_held_and_then_released_after_five_minutes(world: World, replica: Replica) -> None:
    await fleet_of(world, replica, 4)
    await replica.live_for(LOST + PATIENCE - 1)
    assert await world.statuses("t0", "t1", "t2", "t3") == ["Running"] * 4

    await replica.live_for(1)

    assert await world.statuses("t0", "t1", "t2", "t3") == ["Created"] * 4


async def test_mass_loss_ends_when_most_nodes_return(world: World, replica: Replica) -> None:
    sessions = await fleet_of(world, replica, 4)
    await replica.live_for(LOST + 10)
    await replica.live_for(1, beating=[("n0", sessions["n0"]), ("n1", sessions["n1"])])

    assert await world.statuses("t0", "t1", "t2", "t3") == ["Running", "Running", "Created", "Created"]


async def test_certain_exit_is_not_held_by_a_mass_loss(world: World, replica: Replica) -> None:
    sessions = await fleet_of(world, replica, 5)
    await replica.live_for(LOST + 1)
    await world.engine.directory.leave("n0", sessions["n0"])
    await replica.live_for(1)

    assert await world.statuses("t0", "t1", "t2", "t3", "t4") == ["Created", *["Running"] * 4]


async def test_each_mass_loss_is_held_for_itself(world: World, replica: Replica) -> None:
    sessions = await fleet_of(world, replica, 4)
    await replica.live_for(LOST + PATIENCE - 10)
    await replica.live_for(1, beating=list(sessions.items()))
    await replica.live_for(LOST + 60)

    assert await world.statuses("t0", "t1", "t2", "t3") == ["Running"] * 4


async def test_mass_loss_found_when_the_duty_is_taken_over_again_is_held_from_then_on(
    world: World, replica: Replica
) -> None:
    sessions = list((await fleet_of(world, replica, 4)).items())
    await replica.live_for(LOST + 1)
    await replica.monitoring.resign()
    for second in range(PATIENCE):
        await world.clock.advance(1)
        for node, session in sessions if second < PATIENCE - LOST else []:
            await world.beat(node, session)
        await replica.watch.run_once()
        await replica.recovery.run_once()
    await replica.live_for(5)

    assert await world.statuses("t0", "t1", "t2", "t3") == ["Running"] * 4


async def test_controller_without_the_duty_takes_nothing_back(world: World, replica: Replica) -> None:
    await running(world, replica, "a")
    other = Replica(world, "controller-2")
    await replica.monitoring.run_once()
    for _ in range(LOST + 5):
        await world.clock.advance(1)
        await replica.monitoring.run_once()
        await other.recover()

    assert await world.statuses("a") == ["Running"]


async def test_monitor_that_is_replaced_between_its_look_and_its_writing_closes_nothing(
    world: World, replica: Replica, events: list[str]
) -> None:
    session = await running(world, replica, "a")
    await replica.live_for(LOST - 1)
    await world.clock.advance(1)
    await replica.watch.run_once()
    await world.engine.leases.take(Duty.MONITOR, "other", replica.monitoring.lease, 0)
    await replica.recovery.run_once()

    registration = await world.engine.directory.registration_of("n1")
    assert registration is not None
    assert (registration.session, registration.closed) == (session, False)
    assert await world.statuses("a") == ["Running"]
    assert events.count("recovery.lease_lost") == 1
