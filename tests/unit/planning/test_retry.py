"""The wait before the next run grows, is spread a little, and never passes ten minutes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.planning.retry import LONGEST_DELAY_MS, retry_delay_ms

NO_SPREAD = 0.5
"""The jitter in the middle of its range lengthens and shortens nothing."""

failures = st.integers(1, 2000)
delays = st.integers(0, 10**12)
backoffs = st.floats(1, 1e6)
jitters = st.floats(0, 1, exclude_max=True)

modest = settings(max_examples=100, deadline=None)


@modest
@given(failures=failures, delay=delays, backoff=backoffs, jitter=jitters)
def test_delay_lies_between_nothing_and_ten_minutes(failures: int, delay: int, backoff: float, jitter: float) -> None:
    assert 0 <= retry_delay_ms(failures, delay, backoff, jitter) <= LONGEST_DELAY_MS == 600_000


@modest
@given(failures=failures, delay=delays, backoff=backoffs)
def test_one_more_failure_never_shortens_the_delay(failures: int, delay: int, backoff: float) -> None:
    now, next_time = (retry_delay_ms(count, delay, backoff, NO_SPREAD) for count in (failures, failures + 1))

    assert now <= next_time


@modest
@given(failures=st.integers(1, 8), delay=st.integers(0, 1000), backoff=st.floats(1, 2), jitter=jitters)
def test_jitter_moves_the_delay_by_a_tenth_at_most(failures: int, delay: int, backoff: float, jitter: float) -> None:
    planned = retry_delay_ms(failures, delay, backoff, NO_SPREAD)

    assert abs(retry_delay_ms(failures, delay, backoff, jitter) - planned) <= planned * 0.1 + 1


@pytest.mark.parametrize(
    ("failures", "delay", "backoff", "expected"),
    [
        (1, 1000, 2.0, 1000),
        (2, 1000, 2.0, 2000),
        (3, 1000, 2.0, 4000),
        (5, 1000, 1.0, 1000),
        (10, 1000, 2.0, 512_000),
        (11, 1000, 2.0, 600_000),
        (5000, 1000, 10.0, 600_000),
        (3, 0, 2.0, 0),
        (1, 600_001, 1.0, 600_000),
    ],
)
def test_delay_without_spread(failures: int, delay: int, backoff: float, expected: int) -> None:
    assert retry_delay_ms(failures, delay, backoff, NO_SPREAD) == expected


@pytest.mark.parametrize(("jitter", "expected"), [(0.0, 900), (0.25, 950), (0.5, 1000), (0.75, 1050)])
def test_jitter_spreads_evenly_around_the_delay(jitter: float, expected: int) -> None:
    assert retry_delay_ms(1, 1000, 2.0, jitter) == expected
