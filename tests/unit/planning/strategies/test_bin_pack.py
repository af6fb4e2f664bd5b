"""BIN_PACK fills one node before it begins another."""

from skalds.planning.strategies.strategy import Demand
from tests.unit.planning.pools import Pass, placed, view, views


def test_fills_node_after_node_beginning_with_the_fullest() -> None:
    fleet = [view("n1", slots=3), view("n2", slots=3, used_slots=1), view("n3", slots=4, used_slots=2)]

    assert placed("BIN_PACK", fleet, 8)[0] == ["n3", "n3", "n2", "n2", "n1", "n1", "n1", None]


def test_node_that_another_pool_filled_meanwhile_comes_first() -> None:
    a_pass = Pass("BIN_PACK", views(3, slots=8))
    everywhere, last_only = a_pass.pool(), a_pass.pool(members=lambda load: load.index == 2)
    before = everywhere()
    filled = [last_only(), last_only()]

    assert (before, filled) == ("n00000", ["n00002", "n00002"])
    assert everywhere() == "n00002"


def test_narrow_task_still_finds_the_node_that_was_full_for_a_wide_one() -> None:
    a_pass = Pass("BIN_PACK", views(2, slots=3))
    wide, narrow = a_pass.pool(Demand(2)), a_pass.pool(Demand(1))

    assert [wide(), wide(), wide(), narrow(), narrow(), narrow()] == [
        "n00000",
        "n00001",
        None,
        "n00000",
        "n00001",
        None,
    ]


def test_ties_go_to_missed_labels_then_to_more_live_tasks_then_id() -> None:
    assert placed("BIN_PACK", views(2), 1, misses={"n00000": 1})[0] == ["n00001"]
    assert placed("BIN_PACK", [view("n1"), view("n2", live_tasks=1)], 2)[0] == ["n2", "n2"]
    assert placed("BIN_PACK", views(2), 2)[0] == ["n00000", "n00000"]
