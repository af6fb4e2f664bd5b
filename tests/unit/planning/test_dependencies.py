"""Circles among tasks that are submitted together."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.planning.dependencies import find_circle


@pytest.mark.parametrize(
    "dependencies",
    [
        {},
        {"a": []},
        {"a": ["b"], "b": ["c"], "c": []},
        {"c": [], "b": ["c"], "a": ["c", "b"]},
        {"a": ["stored"], "b": ["stored"]},
        {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []},
    ],
    ids=["nothing", "alone", "chain", "any order", "beyond the batch", "diamond"],
)
def test_no_circle(dependencies: Mapping[str, Sequence[str]]) -> None:
    assert find_circle(dependencies) is None


@pytest.mark.parametrize(
    "dependencies",
    [{"a": ["a"]}, {"a": ["b"], "b": ["a"]}, {"x": ["a"], "a": ["b", "y"], "b": ["c"], "c": ["stored", "a"], "y": []}],
    ids=["itself", "two", "three in a crowd"],
)
def test_each_task_of_a_circle_depends_on_the_next_and_the_last_on_the_first(
    dependencies: Mapping[str, Sequence[str]],
) -> None:
    circle = find_circle(dependencies)

    assert circle is not None
    assert is_circle(circle, dependencies)


def test_a_long_chain_closed_into_a_circle_is_found_whole() -> None:
    chain = {str(number): [str((number + 1) % 500)] for number in range(500)}

    circle = find_circle(chain)

    assert circle is not None
    assert (len(circle), is_circle(circle, chain)) == (500, True)


GRAPHS = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3), max_size=6)


@given(GRAPHS)
def test_a_circle_is_found_exactly_if_there_is_one(dependencies: dict[str, list[str]]) -> None:
    circle = find_circle(dependencies)

    assert (circle is not None) == (not can_run_in_some_order(dependencies))
    assert circle is None or is_circle(circle, dependencies)


def is_circle(circle: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> bool:
    return len(set(circle)) == len(circle) and all(
        other in dependencies[one] for one, other in zip(circle, [*circle[1:], circle[0]], strict=True)
    )


def can_run_in_some_order(dependencies: Mapping[str, Sequence[str]]) -> bool:
    """By running whatever has nothing left to wait for, again and again."""
    left = {one: {other for other in others if other in dependencies} for one, others in dependencies.items()}
    while free := [one for one, others in left.items() if not others]:
        for one in free:
            del left[one]
        left = {one: others - set(free) for one, others in left.items()}
    return not left
