"""Silence makes a node suspect, then lost; a certain exit makes it lost at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.node import Liveness
from skalds.planning.liveness import Silence, is_mass_loss, judge

SUSPECT, LOST = 3.0, 10.0


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, Liveness.ONLINE),
        (2.999, Liveness.ONLINE),
        (3, Liveness.SUSPECT),
        (9.999, Liveness.SUSPECT),
        (10, Liveness.LOST),
        (1e9, Liveness.LOST),
    ],
)
def test_verdict_by_silence(seconds: float, expected: Liveness) -> None:
    assert judge(Silence(seconds), SUSPECT, LOST) is expected


@pytest.mark.parametrize("seconds", [0, 5, 100])
def test_process_known_to_be_gone_is_lost_however_short_the_silence(seconds: float) -> None:
    assert judge(Silence(seconds, exited=True), SUSPECT, LOST) is Liveness.LOST


@settings(max_examples=50, deadline=None)
@given(shorter=st.floats(0, 100), more=st.floats(0, 100))
def test_longer_silence_never_looks_better(shorter: float, more: float) -> None:
    order = list(Liveness)
    verdicts = [judge(Silence(seconds), SUSPECT, LOST) for seconds in (shorter, shorter + more)]

    assert order.index(verdicts[0]) <= order.index(verdicts[1])


@pytest.mark.parametrize(
    ("lost", "known", "is_mass"),
    [
        (0, 0, False),
        (1, 1, False),
        (2, 2, False),
        (3, 3, True),
        (3, 9, True),
        (3, 10, False),
        (4, 10, True),
        (30, 100, False),
        (31, 100, True),
    ],
)
def test_mass_loss_is_more_than_two_and_more_than_three_tenths(lost: int, known: int, is_mass: bool) -> None:
    assert is_mass_loss(lost, known) is is_mass
