"""LEAST_LOADED goes by what machines report, and by what was placed since."""

from collections import Counter

from skalds.model.resources import Resources
from skalds.planning.strategies.strategy import Demand
from tests.unit.planning.pools import Pass, placed, view


def test_least_busy_machine_comes_first() -> None:
    fleet = [view("n1", slots=100, machine_load=0.9), view("n2", slots=100, machine_load=0.2)]

    assert placed("LEAST_LOADED", fleet, 3)[0] == ["n2", "n2", "n2"]


def test_burst_does_not_all_go_to_one_node() -> None:
    fleet = [view(f"n{number}", slots=10, machine_load=0.1 * number) for number in range(3)]

    assert Counter(placed("LEAST_LOADED", fleet, 12)[0]) == {"n0": 5, "n1": 4, "n2": 3}


def test_each_task_counts_as_a_cpu_where_slots_are_unlimited() -> None:
    fleet = [
        view("large", machine_load=0.0, resources=Resources(cpu=12_000)),
        view("small", machine_load=0.0, resources=Resources(cpu=4_000)),
    ]

    assert Counter(placed("LEAST_LOADED", fleet, 16)[0]) == {"large": 12, "small": 4}


def test_wide_task_counts_by_its_slots() -> None:
    a_pass = Pass("LEAST_LOADED", [view("n1", slots=10, machine_load=0.0), view("n2", slots=10, machine_load=0.25)])
    wide, narrow = a_pass.pool(Demand(4)), a_pass.pool(Demand(1))

    assert [wide(), narrow(), narrow()] == ["n1", "n2", "n2"]


def test_node_that_does_not_tell_is_taken_for_an_average_one() -> None:
    fleet = [
        view("busy", slots=1, machine_load=0.8),
        view("idle", slots=1, machine_load=0.1),
        view("silent", slots=1),
    ]

    assert placed("LEAST_LOADED", fleet, 3)[0] == ["idle", "silent", "busy"]


def test_without_any_figure_tasks_are_spread() -> None:
    fleet = [view(f"n{number}", slots=4) for number in range(3)]

    assert Counter(placed("LEAST_LOADED", fleet, 9)[0]) == {"n0": 3, "n1": 3, "n2": 3}


def test_ties_go_to_missed_labels_then_live_tasks_then_id() -> None:
    fleet = [view("n1"), view("n2", live_tasks=1), view("n3"), view("n4")]

    assert placed("LEAST_LOADED", fleet, 4, misses={"n1": 1})[0] == ["n3", "n4", "n2", "n1"]


def test_figures_outside_of_the_range_do_not_break_it() -> None:
    fleet = [view("n1", machine_load=float("nan")), view("n2", machine_load=7.0), view("n3", machine_load=-1.0)]

    assert None not in placed("LEAST_LOADED", fleet, 5)[0]
