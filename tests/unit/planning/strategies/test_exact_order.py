"""The strategies that go by a key pick exactly the node that looking at every node would give.

The models below read the loads afresh for each pick, so they cannot miss what other pools placed meanwhile.
"""

import random
from collections.abc import Callable
from fractions import Fraction
from statistics import fmean

import pytest
from hypothesis import given, settings

from skalds.planning.strategies.registry import STRATEGIES
from skalds.planning.strategies.strategy import Demand, NodeLoad, Pool
from skalds.testing.conformance.strategy import Scene
from tests.unit.planning.pools import scenes, task, view

Rank = Callable[[Pool, int], tuple[object, ...]]


def share(node: NodeLoad) -> Fraction:
    return min(Fraction(1), Fraction(node.used_slots, node.slots)) if node.slots else Fraction(0)


def by_least_tasks(pool: Pool, place: int) -> tuple[object, ...]:
    node = pool.nodes[place]
    return node.live_tasks, pool.missed_by(place), share(node)


def by_turn(pool: Pool, place: int) -> tuple[object, ...]:
    return pool.nodes[place].turn, pool.missed_by(place)


def by_smallest_share(pool: Pool, place: int) -> tuple[object, ...]:
    node = pool.nodes[place]
    return share(node), 0 if node.slots else node.live_tasks, pool.missed_by(place)


def by_largest_share(pool: Pool, place: int) -> tuple[object, ...]:
    node = pool.nodes[place]
    return -share(node), pool.missed_by(place), -node.live_tasks


def by_value(pool: Pool, place: int) -> tuple[object, ...]:
    def value_of(node: NodeLoad) -> str:
        return node.view.labels.get(pool.spread_label, "")

    value = value_of(pool.nodes[place])
    group = [number for number, node in enumerate(pool.nodes) if value_of(node) == value]
    tasks = sum(pool.nodes[number].live_tasks for number in group)
    return tasks, min(map(pool.missed_by, group)), value, *by_least_tasks(pool, place)


def by_machine_load(pool: Pool, place: int) -> tuple[object, ...]:
    known = [node.view.machine_load for node in pool.nodes if node.view.machine_load is not None]
    node = pool.nodes[place]
    average = fmean(known) if known else 0.5
    load = average if node.view.machine_load is None else node.view.machine_load
    added, whole = node.live_tasks - node.view.live_tasks, 2**30
    if node.slots:
        penalty = max(added, node.used_slots - node.view.used_slots) * whole // node.slots
    else:
        penalty = added * 1000 * whole // (node.view.resources.cpu or 8000)
    return int(load * whole) + penalty, pool.missed_by(place), node.live_tasks


MODELS: dict[str, Rank] = {
    "LEAST_TASKS": by_least_tasks,
    "ROUND_ROBIN": by_turn,
    "WEIGHTED": by_smallest_share,
    "BIN_PACK": by_largest_share,
    "SPREAD": by_value,
    "LEAST_LOADED": by_machine_load,
}


def best(pool: Pool, rank: Rank) -> NodeLoad | None:
    open_places = [place for place, node in enumerate(pool.nodes) if node.fits(pool.demand)]
    return pool.nodes[min(open_places, key=lambda place: (*rank(pool, place), place))] if open_places else None


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(scene=scenes)
def test_picks_the_node_that_looking_at_all_would_give(name: str, scene: Scene) -> None:
    loads = [NodeLoad(index, node) for index, node in enumerate(scene.nodes)]
    pools = [
        Pool([loads[place] for place in part.places], part.demand, part.misses, scene.spread_label)
        for part in scene.pools
    ]
    strategy = STRATEGIES[name]()
    pickers = [strategy.picker(pool, random.Random(7)) for pool in pools]
    for turn, (number, affinity) in enumerate(scene.tasks, start=10):
        expected = best(pools[number], MODELS[name])
        node = pickers[number].pick(task(turn, affinity))

        assert (node and node.id) == (expected and expected.id)
        if node is not None:
            node.place(pools[number].demand, turn)


@pytest.mark.parametrize(("name", "first"), [("WEIGHTED", "b"), ("BIN_PACK", "a"), ("LEAST_TASKS", "b")])
def test_shares_that_differ_in_the_tenth_digit_are_told_apart(name: str, first: str) -> None:
    nodes = [view("a", slots=100_000, used_slots=99_999), view("b", slots=99_999, used_slots=99_998)]
    loads = [NodeLoad(index, node) for index, node in enumerate(nodes)]
    node = STRATEGIES[name]().picker(Pool(loads, Demand()), random.Random(7)).pick(task(1))

    assert share(loads[0]) - share(loads[1]) == Fraction(1, 100_000 * 99_999)
    assert node is not None
    assert node.id == first
