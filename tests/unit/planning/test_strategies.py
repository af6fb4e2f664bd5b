"""Each strategy keeps the promise of its name."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.snapshot import NodeView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES
from tests.unit.planning.clusters import lane, node, snapshot

modest = settings(max_examples=60, deadline=None, derandomize=True)

LEAST_TASKS, ROUND_ROBIN, RANDOM = (
    DispatcherStrategyEnum.LEAST_TASKS,
    DispatcherStrategyEnum.ROUND_ROBIN,
    DispatcherStrategyEnum.RANDOM,
)


def picks(
    name: DispatcherStrategyEnum, nodes: Sequence[NodeView], count: int, rng: random.Random | None = None
) -> tuple[list[str], list[NodeView]]:
    """The node of each of `count` equal tasks, and the nodes as the next pass sees them."""
    plan = plan_dispatch(snapshot(nodes, [lane(1, range(count))]), STRATEGIES[name](), rng or random.Random(7))
    load = Counter(assign.node_id for assign in plan.assignments)
    after = [
        replace(
            view,
            live_tasks=view.live_tasks + load[view.id],
            used_slots=view.used_slots + load[view.id],
            last_turn=plan.turns.get(view.id, view.last_turn),
        )
        for view in nodes
    ]
    return [assign.node_id for assign in plan.assignments], after


def test_every_name_has_a_strategy() -> None:
    assert set(STRATEGIES) == set(DispatcherStrategyEnum)


@modest
@given(nodes=st.integers(1, 8), batches=st.lists(st.integers(0, 30), max_size=6))
def test_least_tasks_keeps_equal_nodes_within_one_task(nodes: int, batches: list[int]) -> None:
    views = [node(f"n{number}", slots=1000) for number in range(nodes)]
    for batch in batches:
        _, views = picks(LEAST_TASKS, views, batch)

        loads = [view.live_tasks for view in views]
        assert max(loads) - min(loads) <= 1


@modest
@given(loads=st.lists(st.integers(0, 20), min_size=2, max_size=6), count=st.integers(1, 40))
def test_least_tasks_evens_out_what_was_uneven_and_adds_nothing_to_it(loads: list[int], count: int) -> None:
    views = [node(f"n{number}", slots=0, live_tasks=load, used_slots=load) for number, load in enumerate(loads)]
    chosen, after = picks(LEAST_TASKS, views, count)

    assert len(chosen) == count
    assert max(view.live_tasks for view in after if view.id in chosen) - min(view.live_tasks for view in after) <= 1


def test_least_tasks_prefers_the_smaller_share_in_use_and_then_the_smaller_id() -> None:
    views = [
        node("n1", slots=2, live_tasks=1, used_slots=1),
        node("n3", slots=8, live_tasks=1, used_slots=1),
        node("n2", slots=8, live_tasks=1, used_slots=1),
    ]

    assert picks(LEAST_TASKS, views, 3)[0] == ["n2", "n3", "n1"]


@modest
@given(nodes=st.integers(1, 7), rounds=st.integers(1, 5), cuts=st.lists(st.integers(1, 12), max_size=12))
def test_round_robin_gives_each_node_its_turn_in_whatever_batches(nodes: int, rounds: int, cuts: list[int]) -> None:
    views = [node(f"n{number}", slots=0) for number in range(nodes)]
    chosen: list[str] = []
    for cut in [*cuts, nodes * rounds]:
        batch, views = picks(ROUND_ROBIN, views, min(cut, nodes * rounds - len(chosen)))
        chosen += batch

    assert Counter(chosen) == {view.id: rounds for view in views}


@modest
@given(
    changes=st.lists(st.tuples(st.sampled_from(["join", "leave", "return"]), st.integers(1, 9)), max_size=8),
    rounds=st.integers(1, 3),
)
def test_round_robin_stays_exact_while_nodes_come_and_go(changes: list[tuple[str, int]], rounds: int) -> None:
    views = [node(f"n{number}", slots=0) for number in range(3)]
    away: list[NodeView] = []
    for number, (change, batch) in enumerate(changes):
        if change == "join":
            views.append(node(f"m{number}", slots=0))
        elif change == "leave" and len(views) > 1:
            away.append(views.pop(number % len(views)))
        elif away:
            views.append(away.pop())
        _, views = picks(ROUND_ROBIN, views, batch)

        chosen, views = picks(ROUND_ROBIN, views, rounds * len(views))
        assert Counter(chosen) == {view.id: rounds for view in views}


def test_round_robin_passes_over_a_full_node_and_comes_back_to_it_first() -> None:
    views = [node("n1", slots=0), node("n2", slots=1, used_slots=1, live_tasks=1), node("n3", slots=0)]
    chosen, views = picks(ROUND_ROBIN, views, 4)
    freed = [replace(view, used_slots=0) if view.id == "n2" else view for view in views]

    assert chosen == ["n1", "n3", "n1", "n3"]
    assert picks(ROUND_ROBIN, freed, 1)[0] == ["n2"]


def test_random_is_uniform_over_nodes_with_room() -> None:
    views = [*(node(f"n{number}", slots=0) for number in range(10)), node("full", used_slots=2)]
    count = 20_000
    chosen, _ = picks(RANDOM, views, count, random.Random(20_261))
    expected = count / 10
    chi_squared = sum((seen - expected) ** 2 / expected for seen in Counter(chosen).values())

    assert set(chosen) == {f"n{number}" for number in range(10)}
    assert chi_squared < 21.67  # 99 % of uniform samples, 9 degrees of freedom


def test_random_stays_uniform_among_the_rest_when_nodes_fill_up() -> None:
    rng = random.Random(5)
    last = Counter(
        picks(RANDOM, [node("n0", slots=3), node("n1", slots=1), node("n2", slots=3)], 2, rng)[0][1]
        for _ in range(6000)
    )
    # n1 is still open for the second pick with probability 2/3.
    expected = {"n0": 6000 * 7 / 18, "n1": 6000 * 2 / 9, "n2": 6000 * 7 / 18}

    assert sum((last[name] - mean) ** 2 / mean for name, mean in expected.items()) < 9.21


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_seed_repeats_a_random_placement(seed: int) -> None:
    views = [node(f"n{number}", slots=0) for number in range(20)]

    assert picks(RANDOM, views, 50, random.Random(seed)) == picks(RANDOM, views, 50, random.Random(seed))


def test_other_seed_gives_another_random_placement() -> None:
    views = [node(f"n{number}", slots=0) for number in range(20)]

    assert picks(RANDOM, views, 50, random.Random(1)) != picks(RANDOM, views, 50, random.Random(2))


@pytest.mark.parametrize("name", list(DispatcherStrategyEnum))
def test_lanes_that_share_nodes_see_each_others_placements(name: DispatcherStrategyEnum) -> None:
    lanes = [lane(number, [number], LaneKey(f"t{number}", "C", slots=1 + number % 2)) for number in range(20)]
    plan = plan_dispatch(
        snapshot([node("n1", slots=5), node("n2", slots=4)], lanes), STRATEGIES[name](), random.Random(7)
    )
    used = Counter[str]()
    for assign in plan.assignments:
        used[assign.node_id] += assign.slots

    assert used == {"n1": 5, "n2": 4}
