"""Lanes that look alike to the filters share a pool; nodes that look alike to them are tried once."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView
from skalds.planning import pools
from skalds.planning.filters import FILTERS, refusal
from skalds.planning.pools import OpenPool, PoolTable, lacking
from skalds.planning.strategies.least_tasks import LeastTasks
from skalds.planning.strategies.strategy import Demand, NodeLoad
from tests.unit.planning.clusters import ANY_LANE, NOW, Backlog, backlogs, lane, node, snapshot

modest = settings(max_examples=60, deadline=None, derandomize=True)


def table_of(shown: ClusterSnapshot) -> PoolTable:
    return PoolTable(shown, LeastTasks(), random.Random(1))


def pools_of(nodes: list[NodeView], *keys: LaneKey) -> list[OpenPool]:
    lanes = [lane(number, [NOW], key) for number, key in enumerate(keys)]
    table = table_of(snapshot(nodes, lanes))
    return [table.of(view.shape) for view in lanes]


def names(pool: OpenPool) -> list[str]:
    return [load.id for load in pool.nodes]


NODES = [node("n1"), node("n2", labels={"zone": "a"}), node("n3", classes=frozenset("CD"))]


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "u"},
        {"concurrency_key": "k"},
        {"preemptible": True},
        {"priority": 9},
        {"tenant": "u", "concurrency_key": "m", "preemptible": True},
    ],
    ids=str,
)
def test_lanes_that_look_alike_to_the_filters_share_a_pool(other: dict[str, object]) -> None:
    first, second = pools_of(NODES, ANY_LANE, ANY_LANE._replace(**other))  # type: ignore[arg-type]

    assert first is second


@pytest.mark.parametrize(
    "other",
    [
        {"slots": 2},
        {"class_name": "D"},
        {"resources": Resources(cpu=1)},
        {"requires": (("zone", "a"),)},
        {"prefers": (("zone", "a"),)},
        {"pinned_to": "n1"},
    ],
    ids=str,
)
def test_lanes_that_look_different_have_pools_of_their_own(other: dict[str, object]) -> None:
    first, second = pools_of(NODES, ANY_LANE, ANY_LANE._replace(**other))  # type: ignore[arg-type]

    assert first is not second


def test_priorities_share_a_pool_unless_slots_are_kept_between_them() -> None:
    nodes = [node("n1", reserved=Reserved(1, 5)), node("n2", reserved=Reserved(0, 8))]
    of_0, of_4, of_5, of_10 = pools_of(nodes, *(LaneKey("t", "C", priority=value) for value in (0, 4, 5, 10)))

    assert of_0 is of_4
    assert of_5 is of_10
    assert of_0 is not of_5


def test_pinned_lane_has_only_its_node_and_counts_all_others() -> None:
    pinned, lost = pools_of(NODES, ANY_LANE._replace(pinned_to="n2"), ANY_LANE._replace(pinned_to="n9"))

    assert names(pinned) == ["n2"]
    assert pinned.refused == {WaitReason.PINNED: 2}
    assert (names(lost), lost.has_room) == ([], False)
    assert lost.rejection.reason is WaitReason.PINNED


def test_two_lanes_pinned_to_nodes_that_look_alike_do_not_share_a_pool() -> None:
    first, second = pools_of([node("n1"), node("n2")], *(ANY_LANE._replace(pinned_to=name) for name in ("n1", "n2")))

    assert (names(first), names(second)) == (["n1"], ["n2"])


def test_label_that_no_lane_looks_at_makes_no_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def counting(view: NodeView, key: LaneKey) -> bool:
        tried.append(view.id)
        return True

    monkeypatch.setattr(pools, "FILTERS", ((WaitReason.NO_NODE_ONLINE, counting), *FILTERS))
    nodes = [node(f"n{number}", labels={"host": f"h{number}", "zone": "ab"[number % 2]}) for number in range(8)]
    wants_zone = ANY_LANE._replace(requires=(("zone", "a"),))
    found = pools_of(nodes, ANY_LANE, wants_zone)

    assert tried == ["n0", "n1"] * 2
    assert [len(pool.nodes) for pool in found] == [8, 4]


def test_nodes_of_a_pool_come_in_the_order_of_their_ids() -> None:
    nodes = [node(f"n{number}", slots=1 + number % 3) for number in (5, 2, 4, 1, 3)]

    assert names(pools_of(nodes, ANY_LANE)[0]) == ["n1", "n2", "n3", "n4", "n5"]


@modest
@given(backlog=backlogs)
def test_pool_has_exactly_the_nodes_that_pass_and_counts_all_others(backlog: Backlog) -> None:
    shown = backlog.snapshot
    table = table_of(shown)
    for view in shown.lanes:
        pool = table.of(view.shape)

        assert names(pool) == sorted(n.id for n in shown.nodes if refusal(n, view.key) is None)
        assert len(pool.nodes) + sum(pool.refused.values()) == len(shown.nodes)
        assert sum(pool.rejection.counts.values()) == len(shown.nodes)
        assert pool.demand.slots == view.key.slots
        for load in pool.nodes:
            exact = Demand(view.key.slots, view.key.resources, view.key.priority, pool.demand.probed_class)
            assert load.fits(pool.demand) == load.fits(exact)


@modest
@given(backlog=backlogs)
def test_misses_count_the_preferred_labels_that_a_node_lacks(backlog: Backlog) -> None:
    for view in backlog.snapshot.lanes:
        heard: list[list[int]] = []

        class Listening(LeastTasks):
            def picker(self, pool, rng):  # type: ignore[no-untyped-def]
                heard.append([pool.missed_by(place) for place in range(len(pool.nodes))])  # noqa: B023
                return super().picker(pool, rng)

        found = PoolTable(backlog.snapshot, Listening(), random.Random(1)).of(view.shape)
        wanted = view.key.prefers
        lacks = [len([1 for name, value in wanted if load.view.labels.get(name) != value]) for load in found.nodes]

        assert heard == [lacks]


@pytest.mark.parametrize(
    ("view", "demand", "probed", "expected"),
    [
        ({"used_slots": 2}, Demand(), "", WaitReason.NO_FREE_SLOT),
        ({"used_slots": 1, "reserved": Reserved(1, 5)}, Demand(), "", WaitReason.NO_FREE_SLOT),
        ({"resources": Resources(cpu=1)}, Demand(resources=Resources(cpu=2)), "", WaitReason.RESOURCES),
        (
            {"resources": Resources(cpu=2), "used_resources": Resources(cpu=1)},
            Demand(resources=Resources(cpu=2)),
            "",
            WaitReason.RESOURCES,
        ),
        ({"probing": frozenset("C")}, Demand(probed_class="C"), "C", WaitReason.NODE_BREAKER),
    ],
)
def test_what_a_node_without_room_lacks(
    view: dict[str, object], demand: Demand, probed: str, expected: WaitReason
) -> None:
    load = NodeLoad(0, node("n1", **view))
    load.probed = frozenset({probed})

    assert not load.fits(demand)
    assert lacking(load, demand) is expected


def test_pool_found_full_is_asked_no_more() -> None:
    pool = pools_of([node("n1", used_slots=2)], ANY_LANE)[0]
    task = lane(1, [NOW]).heads[0]

    assert pool.pick(task) is None
    assert not pool.has_room
    pool.nodes[0].used_slots = 0
    assert pool.pick(task) is None


def test_shape_is_worked_out_only_where_nobody_did_before() -> None:
    kept = LaneView(1, ANY_LANE, (), shape="kept")

    assert replace(kept, heads=lane(1, [NOW]).heads).shape == "kept"
    assert LaneView(1, ANY_LANE, ()).shape == ANY_LANE.shape
    assert ANY_LANE.shape == ANY_LANE._replace(tenant="u", preemptible=True, concurrency_key="k").shape
