"""WEIGHTED fills nodes in proportion to their size."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.planning.pools import placed, view, views


@settings(max_examples=60, deadline=None, derandomize=True)
@given(slots=st.lists(st.integers(1, 20), min_size=1, max_size=6), part=st.floats(0, 1))
def test_shares_in_use_differ_by_one_task_at_most(slots: list[int], part: float) -> None:
    fleet = [view(f"n{number}", slots=size) for number, size in enumerate(slots)]
    _, after = placed("WEIGHTED", fleet, int(sum(slots) * part))

    before_last = min((node.used_slots / node.slots for node in after), default=0)
    assert all((node.used_slots - 1) / node.slots <= before_last + 1e-12 for node in after)


def test_node_of_four_slots_gets_four_times_as_much_as_one_of_one() -> None:
    fleet = [view("large", slots=40), view("small", slots=10)]

    assert Counter(placed("WEIGHTED", fleet, 25)[0]) == {"large": 20, "small": 5}


def test_unlimited_nodes_share_among_themselves_by_live_tasks() -> None:
    fleet = [view("limited", slots=9, used_slots=1, live_tasks=1), view("u1", live_tasks=2), view("u2")]

    assert placed("WEIGHTED", fleet, 4)[0] == ["u2", "u2", "u1", "u2"]


def test_ties_go_to_missed_labels_then_id() -> None:
    assert placed("WEIGHTED", views(3, slots=2), 3, misses={"n00000": 1})[0] == ["n00001", "n00002", "n00000"]
