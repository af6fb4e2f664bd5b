"""The snapshot says what the parts of a controller know: nodes with policy and load, tenants, keys."""

import pytest

from skalds.model.node import Liveness, Registration
from skalds.model.policy import NodePolicy, TenantPolicy
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.run_change import RunChange
from skalds.model.snapshot import KeyView, NodeView, TenantView
from skalds.planning import lifecycle
from skalds.system_controller.cluster_picture import effective_labels
from skalds.system_controller.fleet import KnownNode
from skalds.testing import a_node
from tests.unit.system_controller.world import Replica, World

pytestmark = pytest.mark.usefixtures("events")


@pytest.fixture
def replica(world: World) -> Replica:
    return Replica(world)


async def node_view(replica: Replica, name: str = "n1") -> NodeView:
    await replica.observe()
    (view,) = [view for view in replica.picture.nodes({"n1": 5}) if view.id == name]
    return view


async def test_node_is_shown_with_what_it_offers_what_it_runs_and_its_turn(world: World, replica: Replica) -> None:
    offers = {"cpu": 8, "memory": 1024}
    session = await world.join("n1", slots=4, resources=offers, labels={"zone": "a"}, reserved=Reserved(1, 5))
    await world.submit("a", slots=2, resources={"cpu": 2})
    await replica.dispatch()
    view = await node_view(replica)

    assert (view.id, view.session, view.slots, view.live_tasks, view.used_slots) == ("n1", session, 4, 1, 2)
    assert view.used_resources == Resources(cpu=view.used_resources.cpu)
    assert 0 < view.used_resources.cpu < view.resources.cpu
    assert (view.labels, view.reserved, view.last_turn, view.online) == ({"zone": "a"}, Reserved(1, 5), 5, True)


async def test_runs_of_an_older_session_are_not_load_of_the_newer(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a")
    await replica.dispatch()
    await world.join("n1")

    assert (await node_view(replica)).used_slots == 0


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (None, {"zone": "a", "disk": "ssd"}),
        (NodePolicy(labels={"zone": "b", "gpu": "yes"}), {"zone": "b", "disk": "ssd", "gpu": "yes"}),
        (NodePolicy(labels={"disk": ""}), {"zone": "a"}),
    ],
)
async def test_labels_set_at_run_time_lie_over_those_of_the_node(
    world: World, replica: Replica, policy: NodePolicy | None, shown: dict[str, str]
) -> None:
    await world.join("n1", labels={"zone": "a", "disk": "ssd"})
    await replica.policies.set_node("n1", policy)

    assert (await node_view(replica)).labels == shown


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        ({"zone": "a"}, Reserved(1, 5)),
        ({"zone": "a", "disk": "ssd"}, Reserved(2, 8)),
        ({"disk": "ssd"}, Reserved(2, 8)),
        ({"disk": "hdd"}, Reserved(1, 3)),
    ],
)
async def test_largest_reservation_of_node_and_labels_holds(
    world: World, replica: Replica, label: dict[str, str], kept: Reserved
) -> None:
    await world.join("n1", slots=4, reserved=Reserved(1, 3))
    await replica.policies.set_reservation(("zone", "a"), Reserved(1, 5))
    await replica.policies.set_reservation(("disk", "ssd"), Reserved(2, 8))
    await replica.policies.set_node("n1", NodePolicy(labels=label))

    assert (await node_view(replica)).reserved == kept


async def test_slots_reserved_by_label_are_left_to_urgent_tasks(world: World, replica: Replica) -> None:
    await world.join("n1", slots=3, labels={"zone": "a"})
    await replica.policies.set_reservation(("zone", "a"), Reserved(1, 8))
    for name in ("first", "second"):
        await world.submit(name)
    await world.submit("urgent", priority=8)
    await replica.dispatch()

    waiting = {
        task.id for task in await world.engine.catalog.get_many(["first", "second", "urgent"]) if task.is_waiting
    }
    assert waiting == {"second"}


def test_removing_a_label_that_is_not_there_is_no_trouble() -> None:
    assert effective_labels({"zone": "a"}, {"gpu": ""}) == {"zone": "a"}


@pytest.mark.parametrize(
    ("policy", "cordoned"),
    [(None, False), (NodePolicy(cordoned=True), True), (NodePolicy(draining=True), True)],
)
async def test_node_that_an_operator_cordons_or_drains_is_cordoned(
    world: World, replica: Replica, policy: NodePolicy | None, cordoned: bool
) -> None:
    await world.join("n1")
    await replica.policies.set_node("n1", policy)
    await world.submit("a")

    assert (await node_view(replica)).cordoned is cordoned
    assert await replica.dispatch() == (0 if cordoned else 1)


async def test_closed_nodes_are_not_shown_and_lost_ones_are_offline(replica: Replica) -> None:
    replica.cluster.fleet.replace(
        {
            "n1": KnownNode(Registration(a_node(id="n1"), 1, 0, closed=True), Liveness.ONLINE),
            "n2": KnownNode(Registration(a_node(id="n2"), 2, 0, closed=False), Liveness.LOST),
        }
    )

    assert [(view.id, view.online) for view in replica.picture.nodes()] == [("n2", False)]


async def test_class_whose_breaker_is_open_is_kept_from_the_session_and_then_tried(
    world: World, replica: Replica
) -> None:
    session = await world.join("n1")
    for attempt in (1, 2, 3):
        for status, live in (("Running", True), ("Failed", False)):
            change = RunChange(1, "t", "Demo", 1, status, False, attempt, "n1", session, 1, live, not live)
            replica.breakers.follow([change])
    view = await node_view(replica)
    assert (view.tripped, view.probing) == (frozenset({"Demo"}), frozenset())

    await world.clock.advance(10)

    view = await node_view(replica)
    assert (view.tripped, view.probing) == (frozenset(), frozenset({"Demo"}))


async def test_tenants_are_shown_with_policy_use_and_latest_start(world: World, replica: Replica) -> None:
    await world.join("n1", slots=9)
    await replica.policies.set_tenant("a", TenantPolicy(2.0, 7))
    await replica.policies.set_tenant("idle", TenantPolicy(3.0))
    await world.submit("t1", "t2", tenant="a", slots=2)
    await world.submit("t3", tenant="b", slots=0)
    await replica.dispatch()
    now = world.clock.wall_ms()

    assert replica.picture.snapshot(now).tenants == {
        "a": TenantView(2.0, 7, 2, 4, now),
        "b": TenantView(1.0, None, 1, 1, now),
        "idle": TenantView(3.0),
    }


async def test_latest_start_outlives_the_run(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a", tenant="a")
    await replica.dispatch()
    started = world.clock.wall_ms()
    await world.accept("a")
    await world.finish("a")
    await world.clock.advance(1)
    await replica.observe()

    assert replica.picture.snapshot(world.clock.wall_ms()).tenants == {"a": TenantView(last_start=started)}


async def test_keys_are_shown_with_limit_and_use(world: World, replica: Replica) -> None:
    await world.join("n1", slots=9)
    await replica.policies.set_key_limit("wide", 2)
    await replica.policies.set_key_limit("unused", 4)
    await world.submit("w1", "w2", "w3", concurrency_key="wide")
    await world.submit("n1", "n2", concurrency_key="narrow")
    await replica.dispatch()

    assert replica.picture.snapshot(0).keys == {"wide": KeyView(2, 2), "narrow": KeyView(1, 1), "unused": KeyView(4, 0)}


async def test_run_counts_for_tenant_and_key_until_it_is_released(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a", "b", concurrency_key="k")
    assert await replica.dispatch() == 1
    await world.accept("a")
    await world.move("a", lambda task, now: lifecycle.finish(task, now, result=None, started=now, ended=now))
    assert await replica.dispatch() == 0

    await world.move("a", lifecycle.release)

    assert await replica.dispatch() == 1


async def test_preemptible_runs_are_shown(world: World, replica: Replica) -> None:
    await world.join("n1")
    await world.submit("a", preemptible=True, priority=2)
    await world.submit("b")
    await replica.dispatch()
    await world.accept("a", "b")
    await replica.observe()

    assert [(run.task_id, run.priority) for run in replica.picture.snapshot(0).preemptible] == [("a", 2)]


async def test_latest_start_of_a_tenant_that_neither_runs_nor_waits_is_forgotten_when_all_is_read_anew(
    world: World, replica: Replica
) -> None:
    await world.join("n1", slots=2)
    await world.submit("a", tenant="ends")
    await world.submit("b1", tenant="runs")
    assert await replica.dispatch() == 2
    await world.submit("c", tenant="waits")
    replica.picture.note_starts(["waits"], 1)
    await world.accept("a")
    await world.finish("a")
    await world.submit("d", tenant="wide", slots=2)
    await replica.policies.set_tenant("waits", TenantPolicy(max_running=0))
    await world.clock.advance(5)
    await replica.dispatch()

    assert replica.picture._last_starts.keys() == {"runs", "waits"}
