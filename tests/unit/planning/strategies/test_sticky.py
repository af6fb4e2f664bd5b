"""STICKY sends a key to the same node, whoever else comes and goes."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.snapshot import NodeView
from tests.unit.planning.pools import Pass, placed, view, views

# If these change, every key moves once when a controller is upgraded.
RECORDED = ["n00002", "n00002", "n00002", "n00000", "n00004"]
KEYS = [f"customer-{number}" for number in range(200)]


def homes(fleet: Iterable[NodeView], keys: Iterable[str] = KEYS) -> Mapping[str, str | None]:
    place = Pass("STICKY", fleet).pool()
    return {key: place(key) for key in keys}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(nodes=st.integers(2, 12), lost=st.integers(0, 11))
def test_only_the_keys_of_a_lost_node_move(nodes: int, lost: int) -> None:
    fleet = views(nodes)
    gone = fleet[lost % nodes].id
    before, after = homes(fleet), homes(node for node in fleet if node.id != gone)

    assert {key for key in KEYS if before[key] != after[key]} == {key for key in KEYS if before[key] == gone}


def test_keys_are_uniform_over_nodes() -> None:
    keys = [f"user-{number}" for number in range(10_000)]
    seen = Counter(homes(views(10), keys).values())

    # 99 % of uniform samples, 9 degrees of freedom
    assert sum((seen[node.id] - 1000) ** 2 / 1000 for node in views(10)) < 21.67


def test_keys_of_a_lost_node_are_spread_over_all_that_remain() -> None:
    fleet = views(5)
    before, after = homes(fleet), homes(fleet[1:])

    assert {after[key] for key in KEYS if before[key] == fleet[0].id} == {node.id for node in fleet[1:]}


def test_key_of_a_full_node_goes_where_it_would_if_the_node_were_gone_and_comes_back() -> None:
    fleet = views(4, slots=1)
    place = Pass("STICKY", fleet).pool()
    order = [place("a") for _ in range(5)]

    assert order[0] == homes(fleet, ["a"])["a"]
    assert order[1] == homes([node for node in fleet if node.id != order[0]], ["a"])["a"]
    assert set(order[:4]) == {node.id for node in fleet}
    assert order[4] is None


def test_homes_do_not_depend_on_load_or_demand_or_the_order_of_keys() -> None:
    busy = [view(node.id, live_tasks=number, slots=900) for number, node in enumerate(views(6))]

    assert homes(views(6)) == homes(busy) == homes(views(6), reversed(KEYS))


def test_homes_stay_the_same_from_release_to_release() -> None:
    assert list(homes(views(5), ["a", "b", "", "ключ", "\ud800"]).values()) == RECORDED


def test_tasks_without_a_key_go_to_the_node_with_the_fewest() -> None:
    fleet = views(4, slots=3)

    assert placed("STICKY", fleet, 13) == placed("LEAST_TASKS", fleet, 13)
