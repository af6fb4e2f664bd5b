"""Lane keys survive being written down, and rank is the order of dispatch."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.lane import LaneKey, lane_key, rank
from skalds.model.resources import Resources
from skalds.testing import a_task

STEP = 60_000

words = st.text(max_size=8)
labels = st.dictionaries(words, words, max_size=3).map(lambda pairs: tuple(sorted(pairs.items())))
amounts = st.integers(0, 1 << 40)
keys = st.builds(
    LaneKey,
    tenant=words,
    class_name=words,
    priority=st.integers(0, 10),
    requires=labels,
    prefers=labels,
    slots=st.integers(0, 100),
    resources=st.builds(Resources, amounts, amounts, amounts),
    concurrency_key=st.none() | words,
    pinned_to=st.none() | words,
    preemptible=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(key=keys)
def test_key_comes_back_from_its_text(key: LaneKey) -> None:
    assert LaneKey.from_text(key.to_text()) == key


@settings(max_examples=100, deadline=None)
@given(one=keys, other=keys)
def test_texts_are_equal_exactly_for_equal_keys(one: LaneKey, other: LaneKey) -> None:
    assert (one.to_text() == other.to_text()) == (one == other)


def test_order_in_which_labels_and_resources_were_given_makes_no_other_lane() -> None:
    one = a_task(requires={"a": "1", "b": "2"}, resources={"cpu": 1, "gpu": 2})
    other = a_task(requires={"b": "2", "a": "1"}, resources={"gpu": 2, "cpu": 1})

    assert lane_key(one) == lane_key(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant": "b"},
        {"class_name": "Other"},
        {"priority": 9},
        {"prefers": {"zone": "north"}},
        {"preemptible": True},
        {"requires": {"zone": "north"}},
        {"slots": 2},
        {"resources": {"cpu": 1}},
        {"concurrency_key": "k"},
        {"pinned_to": "node-1"},
    ],
    ids=str,
)
def test_what_decides_where_and_when_a_task_runs_makes_another_lane(changes: dict[str, Any]) -> None:
    assert lane_key(a_task(**changes)) != lane_key(a_task())


@pytest.mark.parametrize(
    "changes", [{"id": "other"}, {"affinity_key": "k"}, {"eligible_at": 1}, {"attempt": 3, "released_at": 1}], ids=str
)
def test_what_makes_no_difference_there_makes_none(changes: dict[str, Any]) -> None:
    assert lane_key(a_task(**changes)) == lane_key(a_task())


def test_lanes_of_one_shape_differ_at_most_in_whose_they_are_and_what_limits_them() -> None:
    key = lane_key(a_task(requires={"a": "1"}, priority=3))

    assert key.shape == key._replace(tenant="b", concurrency_key="k", preemptible=True).shape
    assert key.shape != key._replace(priority=4).shape


@pytest.mark.parametrize(
    ("eligible_at", "priority", "expected"),
    [(1_000_000, 0, 1_000_000), (1_000_000, 1, 940_000), (1_000_000, 10, 400_000), (0, 10, -600_000)],
)
def test_rank_is_the_moment_less_one_ageing_step_per_level(eligible_at: int, priority: int, expected: int) -> None:
    assert rank(eligible_at, priority, STEP) == expected


@settings(max_examples=100, deadline=None)
@given(
    moments=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    levels=st.tuples(st.integers(0, 10), st.integers(0, 10)),
    now=st.integers(10**9, 2 * 10**9),
)
def test_rank_orders_like_the_priority_that_grows_with_waiting(
    moments: tuple[int, int], levels: tuple[int, int], now: int
) -> None:
    ranks = [rank(moment, level, STEP) for moment, level in zip(moments, levels, strict=True)]
    aged = [level * STEP + (now - moment) for moment, level in zip(moments, levels, strict=True)]

    assert (ranks[0] < ranks[1]) == (aged[0] > aged[1])
