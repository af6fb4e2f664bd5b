"""POWER_OF_TWO compares two nodes, every pair equally likely."""

import random
from collections import Counter
from itertools import combinations

from tests.unit.planning.pools import placed, view, views


def test_the_less_busy_of_each_pair_wins_and_all_pairs_are_equally_likely() -> None:
    # Node k is busier than all before it, so it wins the pairs with those after it.
    fleet = [view(f"n{number}", live_tasks=number) for number in range(5)]
    rng, rounds = random.Random(11), 10_000
    seen = Counter(placed("POWER_OF_TWO", fleet, 1, rng)[0][0] for _ in range(rounds))
    wins = Counter(first for first, _ in combinations(range(5), 2))
    expected = {f"n{number}": rounds * won / 10 for number, won in wins.items()}

    assert seen.keys() == expected.keys()
    # 99 % of samples, 3 degrees of freedom
    assert sum((seen[name] - mean) ** 2 / mean for name, mean in expected.items()) < 11.34


def test_ties_go_to_missed_labels_then_share_then_id() -> None:
    pairs = [
        ([view("a"), view("b")], {"a": 1}, "b"),
        ([view("a", slots=2, used_slots=1), view("b", slots=3, used_slots=1)], {}, "b"),
        ([view("a"), view("b")], {}, "a"),
    ]
    for seed in range(10):
        for fleet, misses, winner in pairs:
            assert placed("POWER_OF_TWO", fleet, 1, random.Random(seed), misses=misses)[0] == [winner]


def test_full_nodes_are_never_compared_and_the_last_one_with_room_is_taken() -> None:
    fleet = [view("full", slots=1, used_slots=1), view("open", slots=2, live_tasks=9)]

    assert placed("POWER_OF_TWO", fleet, 3)[0] == ["open", "open", None]


def test_is_far_more_even_than_chance_alone() -> None:
    def unevenness(name: str) -> int:
        return max(node.live_tasks for node in placed(name, views(100), 10_000, random.Random(4))[1]) - 100

    assert unevenness("POWER_OF_TWO") <= 4
    assert unevenness("RANDOM") >= 15
