"""Why a lane waits: the reasons as a table, and that explanation and planner never disagree."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, QueuedTask, TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.explain import explain_lane
from skalds.planning.filters import FILTERS
from skalds.planning.strategies.least_tasks import LeastTasks

NOW = 1_750_000_000_000
GIB = 1 << 30
PLENTY = Resources(8000, 64 * GIB, 4)


def node(name: str = "n1", **changes: Any) -> NodeView:
    """An empty online node with four slots and plenty of everything that runs class `C`."""
    plain = NodeView(name, 1, frozenset({"C"}), 4, labels={"zone": "north"}, resources=PLENTY)
    return replace(plain, **changes)


def key(**changes: Any) -> LaneKey:
    return LaneKey("t", "C")._replace(**changes)


def snapshot(*nodes: NodeView, **limits: Any) -> ClusterSnapshot:
    return ClusterSnapshot(NOW, nodes, (), **limits)


@pytest.mark.parametrize(
    ("view", "wanted", "reason", "permanent", "change"),
    [
        (node(online=False), key(), WaitReason.NO_NODE_ONLINE, False, "bring it back online"),
        (node(cordoned=True), key(), WaitReason.NO_NODE_ONLINE, False, "uncordon it: skalds node uncordon n1"),
        (node(draining=True), key(), WaitReason.NO_NODE_ONLINE, False, "start it again once it has stopped"),
        (node(mode="edge"), key(), WaitReason.NO_NODE_ONLINE, False, "run it in mode node instead of edge"),
        (
            node(online=False, cordoned=True),
            key(),
            WaitReason.NO_NODE_ONLINE,
            False,
            "bring it back online and uncordon it: skalds node uncordon n1",
        ),
        (node(classes=frozenset("D")), key(), WaitReason.CLASS_NOT_SUPPORTED, True, "register the class 'C' there"),
        (
            node(),
            key(requires=(("gpu", "a"), ("zone", "south"))),
            WaitReason.LABEL_MISMATCH,
            True,
            "give it the labels gpu=a, zone=south: skalds node label n1 gpu=a zone=south",
        ),
        (
            node(resources=Resources(2000, 8 * GIB, 0)),
            key(resources=Resources(2500, 4 * GIB, 1)),
            WaitReason.RESOURCES,
            True,
            "let it offer cpu=2.5 (2 now) and gpu=1 (0 now)",
        ),
        (
            node(used_resources=Resources(0, 60 * GIB, 0)),
            key(resources=Resources(0, 8 * GIB, 0)),
            WaitReason.RESOURCES,
            False,
            "wait until it has memory=8GiB (4GiB now) free, or let it offer more",
        ),
        (
            node(tripped=frozenset("C")),
            key(),
            WaitReason.NODE_BREAKER,
            False,
            "mend what makes 'C' fail at once there; it is tried again from time to time",
        ),
        (
            node(),
            key(slots=5),
            WaitReason.NO_FREE_SLOT,
            True,
            "let it have 5 slots for tasks of priority 0 (4 now)",
        ),
        (
            node(reserved=Reserved(2, 8)),
            key(slots=3, priority=7),
            WaitReason.NO_FREE_SLOT,
            True,
            "let it have 3 slots for tasks of priority 7 (2 now; 2 of its 4 are reserved for priority 8 and above)",
        ),
        (
            node(used_slots=4),
            key(),
            WaitReason.NO_FREE_SLOT,
            False,
            "wait until 1 slot is free there (0 now), or give it more",
        ),
        (
            node(reserved=Reserved(1, 8), used_slots=3),
            key(priority=7),
            WaitReason.NO_FREE_SLOT,
            False,
            "wait until 1 slot is free there (0 now; 1 free one is reserved for priority 8 and above), or give it more",
        ),
        (
            node(used_slots=3),
            key(slots=2),
            WaitReason.NO_FREE_SLOT,
            False,
            "wait until 2 slots are free there (1 now), or give it more",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, WaitReason) else "",
)
def test_what_one_node_lacks_is_the_reason_and_its_change_the_smallest(
    view: NodeView, wanted: LaneKey, reason: WaitReason, permanent: bool, change: str
) -> None:
    found = explain_lane(snapshot(view), wanted)

    assert (found.reason, found.permanent, found.counts) == (reason, permanent, {reason: 1})
    assert found.change == f"node 'n1': {change}"
    assert [(one.node_id, one.reasons, one.changes) for one in found.nodes] == [("n1", [reason], [change])]


def test_slots_that_are_kept_for_urgent_tasks_are_told_apart_from_taken_ones() -> None:
    kept, taken = node("n1", reserved=Reserved(1, 8), used_slots=3), node("n2", used_slots=4)

    assert explain_lane(snapshot(kept, taken), key(priority=7)).kept_for == 8
    assert explain_lane(snapshot(kept, taken), key(priority=7, slots=2)).kept_for is None
    assert explain_lane(snapshot(taken), key()).kept_for is None


def test_why_a_node_takes_nothing_at_all_is_its_state() -> None:
    nodes = (node("n1", online=False, cordoned=True), node("n2", draining=True), node("n3", mode="edge"), node("n4"))

    states = {one.node_id: one.state for one in explain_lane(snapshot(*nodes), key()).nodes}

    assert states == {"n1": "offline, cordoned", "n2": "stopping", "n3": "mode edge", "n4": ""}


def test_amounts_that_look_alike_are_told_exactly() -> None:
    view = node(resources=Resources(0, 8 * GIB - 1, 0))

    change = explain_lane(snapshot(view), key(resources=Resources(0, 8 * GIB, 0))).change

    assert change == "node 'n1': let it offer memory=8,589,934,592 bytes (8,589,934,591 bytes now)"


def test_without_nodes_one_has_to_be_started() -> None:
    found = explain_lane(snapshot(), key())

    assert (found.reason, found.change) == (WaitReason.NO_NODE_ONLINE, "start a node with the class 'C'")


def test_a_pinned_task_waits_for_its_node_and_no_other_helps() -> None:
    found = explain_lane(snapshot(node("n2"), node("n3", online=False)), key(pinned_to="n1"))

    assert (found.reason, found.permanent) == (WaitReason.PINNED, True)
    assert found.change == "start node 'n1', to which the task is pinned, with the class 'C'"


def test_a_pinned_task_is_told_what_its_own_node_lacks() -> None:
    found = explain_lane(snapshot(node("n1", cordoned=True, classes=frozenset()), node("n2")), key(pinned_to="n1"))

    assert found.reason is WaitReason.PINNED
    assert found.change == "node 'n1': uncordon it: skalds node uncordon n1; register the class 'C' there"


@pytest.mark.parametrize(
    ("limits", "wanted", "reason", "change"),
    [
        (
            {"tenants": {"t": TenantView(max_running=3, running=3)}},
            key(),
            WaitReason.TENANT_LIMIT,
            "wait for one of its tasks to end, or raise the limit above 3: skalds tenant set t --max-running 4",
        ),
        (
            {"keys": {"my db": KeyView(limit=1, running=1)}},
            key(concurrency_key="my db"),
            WaitReason.KEY_LIMIT,
            "wait for one of its tasks to end, or raise the limit above 1: skalds limit set 'my db' 2",
        ),
    ],
)
def test_a_limit_holds_back_what_a_node_could_take(
    limits: dict[str, Any], wanted: LaneKey, reason: WaitReason, change: str
) -> None:
    found = explain_lane(snapshot(node(), **limits), wanted)

    assert (found.reason, found.permanent, found.change) == (reason, False, change)


def test_a_limit_is_not_told_where_no_node_could_ever_take_the_task() -> None:
    tenants = {"t": TenantView(max_running=1, running=1)}

    assert explain_lane(snapshot(node(online=False), tenants=tenants), key()).reason is WaitReason.NO_NODE_ONLINE
    assert explain_lane(snapshot(node(used_slots=4), tenants=tenants), key()).reason is WaitReason.TENANT_LIMIT


def test_nothing_in_the_way_has_no_reason_and_asks_for_no_change() -> None:
    found = explain_lane(snapshot(node("n1", online=False), node("n2")), key())

    assert (found.reason, found.change) == (None, "")
    assert [one.node_id for one in found.nodes] == ["n2", "n1"]


def test_nodes_are_told_closest_first() -> None:
    full = node("n9", used_slots=4)
    wrong_zone = node("n3", labels={})
    wrong_class = node("n2", classes=frozenset())
    far_off = node("n1", online=False, labels={})

    found = explain_lane(snapshot(far_off, wrong_class, wrong_zone, full), key(requires=(("zone", "north"),)))

    assert [one.node_id for one in found.nodes] == ["n9", "n3", "n2", "n1"]
    assert found.nodes[-1].reasons == [WaitReason.NO_NODE_ONLINE, WaitReason.LABEL_MISMATCH]
    assert found.counts == {
        WaitReason.NO_NODE_ONLINE: 1,
        WaitReason.CLASS_NOT_SUPPORTED: 1,
        WaitReason.LABEL_MISMATCH: 1,
        WaitReason.NO_FREE_SLOT: 1,
    }


def test_of_many_nodes_only_the_closest_are_told_and_all_are_counted() -> None:
    found = explain_lane(snapshot(*(node(f"n{number:03}", used_slots=4) for number in range(200))), key())

    assert (len(found.nodes), found.counts) == (50, {WaitReason.NO_FREE_SLOT: 200})


_labels = st.dictionaries(st.sampled_from(["zone", "gpu"]), st.sampled_from("ab"), max_size=2)
_resources = st.builds(Resources, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))
_classes = st.frozensets(st.sampled_from("CD"))


@st.composite
def _nodes(draw: st.DrawFn) -> list[NodeView]:
    return [
        NodeView(
            f"n{number}",
            1,
            draw(st.sampled_from([frozenset("C"), frozenset("CD"), frozenset("D")])),
            slots := draw(st.integers(0, 4)),
            mode=draw(st.sampled_from(["node"] * 5 + ["edge"])),
            online=draw(st.sampled_from([True] * 4 + [False])),
            draining=draw(st.sampled_from([False] * 5 + [True])),
            cordoned=draw(st.sampled_from([False] * 4 + [True])),
            labels=draw(_labels),
            resources=draw(_resources),
            reserved=Reserved(draw(st.integers(0, slots)), draw(st.integers(0, 2))),
            tripped=draw(st.sampled_from([frozenset(), frozenset(), frozenset("C")])),
            probing=draw(st.sampled_from([frozenset(), frozenset("C")])),
            used_slots=draw(st.integers(0, 4)),
            used_resources=draw(_resources),
        )
        for number in range(draw(st.integers(0, 4)))
    ]


_keys = st.builds(
    LaneKey,
    tenant=st.just("t"),
    class_name=st.sampled_from("CCCD"),
    priority=st.integers(0, 2),
    requires=_labels.map(lambda labels: tuple(sorted(labels.items()))),
    slots=st.integers(0, 3),
    resources=st.one_of(st.just(Resources()), _resources),
    concurrency_key=st.sampled_from([None, "k"]),
    pinned_to=st.sampled_from([None, None, None, "n0", "n9"]),
)
_clusters = st.builds(
    ClusterSnapshot,
    st.just(NOW),
    _nodes(),
    st.just(()),
    st.sampled_from([{}, {"t": TenantView(max_running=2, running=1)}, {"t": TenantView(max_running=1, running=1)}]),
    st.sampled_from([{}, {"k": KeyView(2, 1)}, {"k": KeyView(1, 1)}]),
)


def planned(cluster: ClusterSnapshot, wanted: LaneKey) -> tuple[bool, WaitReason | None, bool]:
    """Whether the planner places a task of this lane that is alone, and why not."""
    lane = LaneView(1, wanted, [QueuedTask(0, "task", 0)])
    plan = plan_dispatch(replace(cluster, lanes=(lane,)), LeastTasks(), random.Random(1))
    rejection = plan.rejections.get(1)
    reason = None if rejection is None else rejection.reason
    return bool(plan.assignments), reason, rejection is not None and rejection.permanent


@given(_clusters, _keys)
def test_the_reason_is_that_of_the_planner_for_a_task_that_is_alone(cluster: ClusterSnapshot, wanted: LaneKey) -> None:
    found = explain_lane(cluster, wanted)

    assert planned(cluster, wanted) == (found.reason is None, found.reason, found.permanent)


@given(_clusters, _keys)
def test_the_smallest_change_starts_the_task(cluster: ClusterSnapshot, wanted: LaneKey) -> None:
    found = explain_lane(replace(cluster, tenants={}, keys={}), wanted)
    if found.reason is None or not found.nodes or WaitReason.PINNED in found.nodes[0].reasons:
        return
    closest = found.nodes[0]
    nodes = [mended(view, wanted, closest.reasons) if view.id == closest.node_id else view for view in cluster.nodes]

    assert planned(replace(cluster, nodes=nodes, tenants={}, keys={}), wanted)[0]


@given(_clusters, _keys)
def test_every_node_is_told_with_a_change_in_words_for_each_reason(cluster: ClusterSnapshot, wanted: LaneKey) -> None:
    found = explain_lane(cluster, wanted)

    assert sorted(one.node_id for one in found.nodes) == sorted(view.id for view in cluster.nodes)
    assert all(len(one.reasons) == len(set(one.reasons)) == len(one.changes) for one in found.nodes)
    assert all(change.strip() for one in found.nodes for change in one.changes)
    assert sum(found.counts.values()) == sum(bool(one.reasons) for one in found.nodes)
    assert bool(found.change) == (found.reason is not None)


def mended(view: NodeView, wanted: LaneKey, reasons: Any) -> NodeView:
    """The node after exactly what its changes ask for."""
    enough_slots = view.used_slots + wanted.slots + view.reserved.slots
    offered = view.used_resources.plus(wanted.resources)
    changes: dict[WaitReason, dict[str, Any]] = {
        WaitReason.NO_NODE_ONLINE: {"online": True, "cordoned": False, "draining": False, "mode": "node"},
        WaitReason.CLASS_NOT_SUPPORTED: {"classes": view.classes | {wanted.class_name}},
        WaitReason.LABEL_MISMATCH: {"labels": {**view.labels, **dict(wanted.requires)}},
        WaitReason.RESOURCES: {"resources": Resources(*map(max, offered, view.resources))},
        WaitReason.NO_FREE_SLOT: {"slots": enough_slots},
        WaitReason.NODE_BREAKER: {"tripped": frozenset()},
    }
    for reason in reasons:
        view = replace(view, **changes[reason])
    return view


def test_every_reason_that_a_filter_gives_is_in_the_table() -> None:
    assert {reason for reason, _ in FILTERS} == {
        WaitReason.NO_NODE_ONLINE,
        WaitReason.CLASS_NOT_SUPPORTED,
        WaitReason.PINNED,
        WaitReason.LABEL_MISMATCH,
        WaitReason.RESOURCES,
        WaitReason.NO_FREE_SLOT,
        WaitReason.NODE_BREAKER,
    }
