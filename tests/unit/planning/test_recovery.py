"""Sessions that certainly ended are taken back at once; many that fell silent together are waited for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.planning.recovery import MASS_LOSS_PATIENCE_S, SessionState, plan_recovery


def certain(number: int) -> SessionState:
    return SessionState(f"certain-{number}", number, certain=True, silent=False)


def silent(number: int) -> SessionState:
    return SessionState(f"silent-{number}", number, certain=False, silent=True)


@pytest.mark.parametrize(
    ("ended", "silenced", "known", "held_for", "taken", "held"),
    [
        (0, 0, 10, 0, 0, 0),
        (1, 0, 10, 0, 1, 0),
        (0, 2, 2, 0, 2, 0),
        (0, 3, 10, 0, 3, 0),
        (0, 4, 10, 0, 0, 4),
        (3, 4, 10, 0, 3, 4),
        (9, 0, 10, 0, 9, 0),
        (0, 6, 10, MASS_LOSS_PATIENCE_S - 0.001, 0, 6),
        (2, 6, 10, MASS_LOSS_PATIENCE_S, 8, 0),
    ],
)
def test_plan(ended: int, silenced: int, known: int, held_for: float, taken: int, held: int) -> None:
    states = [*map(certain, range(ended)), *map(silent, range(silenced))]
    plan = plan_recovery(states, known, held_for)

    assert (len(plan.take_back), plan.held) == (taken, held)


def test_nodes_that_fall_silent_together_count_together_although_looks_find_them_apart() -> None:
    later = plan_recovery([silent(1), silent(2)], known_nodes=8, held_for=0, recent=2)

    assert (list(later.take_back), later.held) == ([], 2)


def test_patience_is_five_minutes() -> None:
    assert MASS_LOSS_PATIENCE_S == 300


def test_silent_session_whose_end_is_certain_is_never_held() -> None:
    states = [SessionState(f"n{number}", number, certain=True, silent=True) for number in range(9)]

    assert list(plan_recovery(states, 10, 0).take_back) == states


@settings(max_examples=50, deadline=None)
@given(
    states=st.lists(st.builds(SessionState, st.just("n"), st.integers(0, 50), st.booleans(), st.booleans())),
    known=st.integers(0, 50),
    held_for=st.floats(0, 1000),
)
def test_each_session_that_ended_or_fell_silent_is_either_taken_back_or_held(
    states: list[SessionState], known: int, held_for: float
) -> None:
    plan = plan_recovery(states, known, held_for)
    over = [state for state in states if state.certain or state.silent]

    assert len(plan.take_back) + plan.held == len(over)
    assert all(state in over for state in plan.take_back)
    assert all(state in plan.take_back for state in states if state.certain)
