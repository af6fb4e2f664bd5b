"""The three strategies of the first version keep the promises of their names; the others have files of their own."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.planning.strategies.strategy import Demand
from tests.unit.planning.pools import Pass, placed, view, views

modest = settings(max_examples=60, deadline=None, derandomize=True)

LEAST_TASKS, ROUND_ROBIN, RANDOM = "LEAST_TASKS", "ROUND_ROBIN", "RANDOM"


def chi_squared(seen: Counter[str | None], expected: dict[str, float]) -> float:
    return sum((seen[name] - mean) ** 2 / mean for name, mean in expected.items())


@modest
@given(nodes=st.integers(1, 8), batches=st.lists(st.integers(0, 30), max_size=6))
def test_least_tasks_keeps_equal_nodes_within_one_task(nodes: int, batches: list[int]) -> None:
    fleet = views(nodes, slots=1000)
    for batch in batches:
        _, fleet = placed(LEAST_TASKS, fleet, batch)

        loads = [node.live_tasks for node in fleet]
        assert max(loads) - min(loads) <= 1


@modest
@given(loads=st.lists(st.integers(0, 20), min_size=2, max_size=6), count=st.integers(1, 40))
def test_least_tasks_evens_out_what_was_uneven_and_adds_nothing_to_it(loads: list[int], count: int) -> None:
    fleet = [view(f"n{number}", live_tasks=load, used_slots=load) for number, load in enumerate(loads)]
    chosen, after = placed(LEAST_TASKS, fleet, count)

    assert None not in chosen
    assert max(node.live_tasks for node in after if node.id in chosen) - min(node.live_tasks for node in after) <= 1


def test_least_tasks_breaks_ties_by_missed_labels_then_share_in_use_then_id() -> None:
    fleet = [
        view("n0", slots=9, live_tasks=1, used_slots=1),
        view("n1", slots=2, live_tasks=1, used_slots=1),
        view("n3", slots=8, live_tasks=1, used_slots=1),
        view("n2", slots=8, live_tasks=1, used_slots=1),
    ]

    assert placed(LEAST_TASKS, fleet, 4, misses={"n0": 1})[0] == ["n2", "n3", "n1", "n0"]


def test_preferred_labels_do_not_outweigh_a_task_more() -> None:
    fleet = [view("liked", live_tasks=1), view("other")]

    assert placed(LEAST_TASKS, fleet, 3, misses={"other": 1})[0] == ["other", "liked", "other"]


@modest
@given(nodes=st.integers(1, 7), rounds=st.integers(1, 5), cuts=st.lists(st.integers(1, 12), max_size=12))
def test_round_robin_gives_each_node_its_turn_in_whatever_batches(nodes: int, rounds: int, cuts: list[int]) -> None:
    fleet = views(nodes)
    chosen: list[str | None] = []
    for cut in [*cuts, nodes * rounds]:
        batch, fleet = placed(ROUND_ROBIN, fleet, min(cut, nodes * rounds - len(chosen)))
        chosen += batch

    assert Counter(chosen) == {node.id: rounds for node in fleet}


@modest
@given(
    changes=st.lists(st.tuples(st.sampled_from(["join", "leave", "return"]), st.integers(1, 9)), max_size=8),
    rounds=st.integers(1, 3),
)
def test_round_robin_stays_exact_while_nodes_come_and_go(changes: list[tuple[str, int]], rounds: int) -> None:
    fleet = views(3)
    away = views(0)
    for number, (change, batch) in enumerate(changes):
        if change == "join":
            fleet.append(view(f"m{number}"))
        elif change == "leave" and len(fleet) > 1:
            away.append(fleet.pop(number % len(fleet)))
        elif away:
            fleet.append(away.pop())
        _, fleet = placed(ROUND_ROBIN, fleet, batch)

        chosen, fleet = placed(ROUND_ROBIN, fleet, rounds * len(fleet))
        assert Counter(chosen) == {node.id: rounds for node in fleet}


def test_round_robin_passes_over_a_full_node_and_comes_back_to_it_first() -> None:
    fleet = [view("n1"), view("n2", slots=1, used_slots=1, live_tasks=1), view("n3")]
    chosen, fleet = placed(ROUND_ROBIN, fleet, 4)
    freed = [replace(node, used_slots=0) if node.id == "n2" else node for node in fleet]

    assert chosen == ["n1", "n3", "n1", "n3"]
    assert placed(ROUND_ROBIN, freed, 1)[0] == ["n2"]


def test_round_robin_begins_with_the_nodes_that_have_the_preferred_labels() -> None:
    chosen, _ = placed(ROUND_ROBIN, views(3), 4, misses={"n00000": 2, "n00001": 1})

    assert chosen == ["n00002", "n00001", "n00000", "n00002"]


def test_random_is_uniform_over_nodes_with_room() -> None:
    fleet = [*views(10), view("full", slots=2, used_slots=2)]
    count = 20_000
    chosen, _ = placed(RANDOM, fleet, count, random.Random(20_261))

    assert "full" not in chosen
    # 99 % of uniform samples, 9 degrees of freedom
    assert chi_squared(Counter(chosen), {node.id: count / 10 for node in views(10)}) < 21.67


def test_random_stays_uniform_among_the_rest_when_nodes_fill_up() -> None:
    rng = random.Random(5)
    fleet = [view("n0", slots=3), view("n1", slots=1), view("n2", slots=3)]
    last = Counter(placed(RANDOM, fleet, 2, rng)[0][1] for _ in range(6000))
    # n1 is still open for the second pick with probability 2/3.

    assert chi_squared(last, {"n0": 6000 * 7 / 18, "n1": 6000 * 2 / 9, "n2": 6000 * 7 / 18}) < 9.21


def test_random_is_uniform_among_the_nodes_with_room_that_miss_the_fewest_labels() -> None:
    misses = {"n00000": 1, "n00001": 0, "n00002": 0, "n00003": 2}
    fleet = [replace(node, slots=0 if node.id > "n00001" else 1) for node in views(4)]
    chosen, _ = placed(RANDOM, fleet, 400, random.Random(3), misses=misses)
    limited, _ = placed(RANDOM, views(4, slots=1), 4, misses=misses)

    assert Counter(chosen).keys() == {"n00001", "n00002"}
    assert set(limited[:2]) == {"n00001", "n00002"}
    assert limited[2:] == ["n00000", "n00003"]


@pytest.mark.parametrize("name", [RANDOM, "POWER_OF_TWO"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_seed_repeats_a_random_placement(name: str, seed: int) -> None:
    fleet = views(20)

    assert placed(name, fleet, 50, random.Random(seed)) == placed(name, fleet, 50, random.Random(seed))


@pytest.mark.parametrize("name", [RANDOM, "POWER_OF_TWO"])
def test_other_seed_gives_another_random_placement(name: str) -> None:
    fleet = views(20)

    assert placed(name, fleet, 50, random.Random(1)) != placed(name, fleet, 50, random.Random(2))


@pytest.mark.parametrize("name", list(DispatcherStrategyEnum))
def test_pools_that_share_nodes_see_each_others_placements(name: str) -> None:
    a_pass = Pass(name, [view("n1", slots=5), view("n2", slots=4)])
    narrow, wide = a_pass.pool(Demand(1)), a_pass.pool(Demand(2))
    for _ in range(10):
        wide()
        narrow()

    assert [load.used_slots for load in a_pass.loads] == [5, 4]
