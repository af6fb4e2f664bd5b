"""Draining a node asks every run on it to leave, once each."""

import pytest

from skalds.model.event import Topic
from skalds.model.lease import Duty
from skalds.model.policy import NodePolicy
from skalds.planning import lifecycle
from skalds.system_controller.monitor.node_drain import DRAINED, NodeDrain
from tests.unit.system_controller.monitor.ports_with_faults import BusWithFaults
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
def drain(world: World, replica: Replica) -> NodeDrain:
    return NodeDrain(replica.monitoring, replica.cluster, replica.policies, world.engine, world.clock)


@pytest.fixture
async def busy(world: World, replica: Replica, bus: BusWithFaults) -> None:
    """`n1` runs a and b and holds c unaccepted; `n2` runs d. Both are told to drain nothing yet."""
    await world.join("n1", slots=3)
    await world.submit("a", "b", "c")
    await replica.dispatch()
    await world.join("n2", slots=1)
    await world.submit("d")
    await replica.dispatch()
    await world.accept("a", "b", "d")
    bus.sent.clear()


async def leaving(world: World) -> dict[str, str | None]:
    """What each task leaves for."""
    tasks = [await world.task(name) for name in "abcd"]
    return {task.id: task.assignment.leave_for for task in tasks if task.assignment}


@pytest.mark.usefixtures("busy")
async def test_every_accepted_run_of_the_node_is_asked_and_told(
    world: World, replica: Replica, drain: NodeDrain, bus: BusWithFaults, events: list[str]
) -> None:
    await replica.policies.set_node("n1", NodePolicy(draining=True))
    await replica.observe()
    await drain.run_once()

    assert await leaving(world) == {"a": DRAINED, "b": DRAINED, "c": None, "d": None}
    assert [(message.topic, message.event.title) for message in bus.sent] == [(Topic.ASSIGN, "leave")]
    assert {node: set(tasks) for node, tasks in bus.told.items()} == {"n1": {"a", "b"}}
    assert events.count("task.drained") == 2


@pytest.mark.usefixtures("busy")
async def test_nobody_is_asked_twice_and_a_run_accepted_later_is_asked_then(
    world: World, replica: Replica, drain: NodeDrain, bus: BusWithFaults
) -> None:
    await replica.policies.set_node("n1", NodePolicy(draining=True))
    for _ in range(3):
        await replica.observe()
        await drain.run_once()
    assert len(bus.sent) == 1

    await world.accept("c")
    await drain.run_once()

    assert (await leaving(world))["c"] == DRAINED
    assert [message.event.task_ids for message in bus.sent[1:]] == [["c"]]


@pytest.mark.usefixtures("busy")
async def test_paused_run_is_asked_too(world: World, replica: Replica, drain: NodeDrain) -> None:
    await world.move("a", lifecycle.pause)
    await replica.policies.set_node("n1", NodePolicy(draining=True))
    await replica.observe()
    await drain.run_once()

    assert (await leaving(world))["a"] == DRAINED


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("policy", [None, NodePolicy(cordoned=True)])
async def test_nothing_is_asked_of_nodes_that_are_not_draining(
    world: World, replica: Replica, drain: NodeDrain, policy: NodePolicy | None
) -> None:
    await replica.policies.set_node("n1", policy)
    await replica.observe()
    await drain.run_once()

    assert set((await leaving(world)).values()) == {None}


@pytest.mark.usefixtures("busy")
async def test_controller_without_the_duty_asks_nobody(world: World, replica: Replica) -> None:
    await replica.policies.set_node("n1", NodePolicy(draining=True))
    other = Replica(world, "controller-2")
    await other.observe()
    await NodeDrain(other.monitoring, other.cluster, other.policies, world.engine, world.clock).run_once()

    assert set((await leaving(world)).values()) == {None}


@pytest.mark.usefixtures("busy")
async def test_holder_that_was_replaced_asks_nobody(
    world: World, replica: Replica, drain: NodeDrain, bus: BusWithFaults, events: list[str]
) -> None:
    for node in ("n1", "n2"):
        await replica.policies.set_node(node, NodePolicy(draining=True))
    await replica.observe()
    await world.engine.leases.take(Duty.MONITOR, "other", replica.monitoring.lease, 0)
    await drain.run_once()

    assert set((await leaving(world)).values()) == {None}
    assert bus.sent == []
    assert events.count("drain.lease_lost") == 1


async def test_node_that_nobody_knows_is_no_trouble(replica: Replica, drain: NodeDrain) -> None:
    await replica.policies.set_node("unknown", NodePolicy(draining=True))
    await replica.observe()
    await drain.run_once()
