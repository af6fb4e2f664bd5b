"""The breaker of a node and a class: its table, and what a node that fails everything can attract."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.planning.breaker import (
    AT_ONCE_S,
    CLOSED,
    FAILURES_TO_OPEN,
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    Breaker,
    after_run,
)

modest = settings(max_examples=60, deadline=None, derandomize=True)

OPEN = Breaker(failures=3, open_until=100.0, delay=10.0)


def failed(breaker: Breaker, now: float, lasted: float = 0.1) -> Breaker:
    return after_run(breaker, now, failed=True, lasted=lasted)


def went_well(breaker: Breaker, now: float, lasted: float = 0.1) -> Breaker:
    return after_run(breaker, now, failed=False, lasted=lasted)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (CLOSED, failed(CLOSED, 50), Breaker(1, None, 10)),
        (Breaker(1), failed(Breaker(1), 50), Breaker(2, None, 10)),
        (Breaker(2), failed(Breaker(2), 50), Breaker(3, 60, 10)),
        (Breaker(2), failed(Breaker(2), 50, lasted=AT_ONCE_S), Breaker(3, 60, 10)),
        (Breaker(2), failed(Breaker(2), 50, lasted=AT_ONCE_S + 0.01), CLOSED),
        (Breaker(2), went_well(Breaker(2), 50), CLOSED),
        # Runs that began before it opened.
        (OPEN, failed(OPEN, 99.9), Breaker(4, 100, 10)),
        (OPEN, went_well(OPEN, 99.9), CLOSED),
        # The one that was tried.
        (OPEN, failed(OPEN, 100), Breaker(4, 120, 20)),
        (OPEN, failed(OPEN, 500), Breaker(4, 520, 20)),
        (OPEN, failed(OPEN, 100, lasted=30), CLOSED),
        (OPEN, went_well(OPEN, 100), CLOSED),
        (Breaker(9, 100, 200), failed(Breaker(9, 100, 200), 100), Breaker(10, 400, 300)),
        (Breaker(9, 100, 300), failed(Breaker(9, 100, 300), 100), Breaker(10, 400, 300)),
    ],
)
def test_run_moves_the_breaker(before: Breaker, after: Breaker, expected: Breaker) -> None:
    assert after == expected


@pytest.mark.parametrize(
    ("breaker", "now", "closed", "probing"),
    [(CLOSED, 0, True, False), (OPEN, 99.9, False, False), (OPEN, 100, False, True), (OPEN, 1e9, False, True)],
)
def test_state_at_a_moment(breaker: Breaker, now: float, closed: bool, probing: bool) -> None:
    assert (breaker.is_closed, breaker.is_probing(now)) == (closed, probing)


def test_delays_double_up_to_five_minutes() -> None:
    breaker, now = CLOSED, 0.0
    delays = []
    for _ in range(FAILURES_TO_OPEN + 7):
        breaker = failed(breaker, now)
        if breaker.open_until is not None:
            delays.append(breaker.open_until - now)
            now = breaker.open_until

    assert delays == [FIRST_DELAY_S, 20, 40, 80, 160, LONGEST_DELAY_S, LONGEST_DELAY_S, LONGEST_DELAY_S]


def test_after_a_good_run_it_takes_as_many_failures_and_as_short_a_delay_as_at_first() -> None:
    breaker = went_well(Breaker(12, 100, 300), 150)
    for now in (151, 152):
        breaker = failed(breaker, now)
        assert breaker.is_closed

    assert failed(breaker, 153).open_until == 153 + FIRST_DELAY_S


@modest
@given(hours=st.integers(1, 6), pause=st.floats(0.5, 5))
def test_node_that_fails_everything_takes_three_tasks_and_then_only_probes(hours: int, pause: float) -> None:
    breaker, now, taken, end = CLOSED, 0.0, 0, hours * 3600.0
    while now < end:
        if breaker.is_closed or breaker.is_probing(now):
            breaker, taken = failed(breaker, now), taken + 1
        now += pause

    growing = 5  # 10, 20, 40, 80 and 160 s before the delay stays at five minutes
    assert taken <= FAILURES_TO_OPEN + growing + end / LONGEST_DELAY_S + 1


@modest
@given(runs=st.lists(st.tuples(st.booleans(), st.floats(0, 2), st.floats(0, 400)), max_size=40))
def test_only_failures_at_once_in_a_row_keep_work_away(runs: list[tuple[bool, float, float]]) -> None:
    breaker, now, row = CLOSED, 0.0, 0
    for bad, lasted, pause in runs:
        now += pause
        breaker = after_run(breaker, now, failed=bad, lasted=lasted)
        row = row + 1 if bad and lasted <= AT_ONCE_S else 0

        assert breaker.is_closed == (row < FAILURES_TO_OPEN)
        assert breaker.failures == row
        if breaker.open_until is not None:
            assert breaker.open_until <= now + LONGEST_DELAY_S
