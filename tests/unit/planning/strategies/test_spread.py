"""SPREAD keeps the values of a label even, not the nodes."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.planning.pools import Pass, placed, view, views

FLEET = [
    view("a1", labels={"zone": "a"}),
    view("a2", labels={"zone": "a"}),
    view("a3", labels={"zone": "a"}),
    view("b1", labels={"zone": "b"}),
    view("none"),
]


def test_values_get_equal_parts_and_nodes_without_the_label_are_a_value_of_their_own() -> None:
    chosen, _ = placed("SPREAD", FLEET, 18, spread_label="zone")

    assert Counter(chosen) == {"a1": 2, "a2": 2, "a3": 2, "b1": 6, "none": 6}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(zones=st.lists(st.sampled_from("abc"), min_size=1, max_size=8), count=st.integers(0, 40))
def test_values_differ_by_one_task_at_most(zones: list[str], count: int) -> None:
    fleet = [view(f"n{number}", labels={"zone": zone}) for number, zone in enumerate(zones)]
    zone_of = {node.id: node.labels["zone"] for node in fleet}
    chosen, _ = placed("SPREAD", fleet, count, spread_label="zone")
    loads = Counter(zone_of[name] for name in chosen if name)

    assert max(loads[zone] for zone in zones) - min(loads[zone] for zone in zones) <= 1


def test_what_another_pool_placed_counts() -> None:
    a_pass = Pass("SPREAD", FLEET)
    everywhere = a_pass.pool(spread_label="zone")
    zone_b = a_pass.pool(spread_label="zone", members=lambda load: load.id == "b1")
    for _ in range(3):
        zone_b()

    assert Counter(everywhere() for _ in range(6)) == {"none": 3, "a1": 1, "a2": 1, "a3": 1}


def test_full_value_is_passed_over() -> None:
    fleet = [view("a", slots=1, labels={"zone": "a"}), view("b", slots=9, live_tasks=5, labels={"zone": "b"})]

    assert placed("SPREAD", fleet, 3, spread_label="zone")[0] == ["a", "b", "b"]


def test_without_a_label_it_is_least_tasks() -> None:
    fleet = views(4, slots=3)

    assert placed("SPREAD", fleet, 12) == placed("LEAST_TASKS", fleet, 12)


def test_tie_between_values_goes_to_the_one_that_misses_fewer_labels() -> None:
    misses = dict.fromkeys(["a1", "a2", "a3", "none"], 1)

    assert placed("SPREAD", FLEET, 3, misses=misses, spread_label="zone")[0] == ["b1", "none", "a1"]
