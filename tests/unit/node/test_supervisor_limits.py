"""A run that reaches its limit is stopped in time and has failed, and paused time is not counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.task import RunError
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import CheckpointSaved, Gone, Reported, WorkerEvent
from tests.unit.node.bench import (
    CANCELLED,
    FAILED,
    FINISHED,
    GRACE,
    KEY,
    KILL,
    RESUME,
    SUSPEND,
    TERMINATE,
    Bench,
    a_running_bench,
)

LIMIT = 5.0
OVER = RunError(type="timeout", message="the run had not ended within its limit of 5000 ms")


@pytest.fixture
def bench() -> Bench:
    return a_running_bench(timeout_ms=5000)


def test_run_is_terminated_at_its_limit_and_killed_after_the_grace(bench: Bench) -> None:
    assert bench.supervisor.next_moment() == LIMIT
    assert bench.stops(4.9) == []
    assert bench.stops(5.0) == [TERMINATE]
    assert bench.supervisor.next_moment() == LIMIT + GRACE
    assert bench.stops(14.9) == []
    assert bench.stops(15.0) == [KILL]
    assert bench.supervisor.next_moment() is None


@pytest.mark.parametrize("said", [None, CANCELLED, FAILED, FINISHED])
def test_run_over_its_limit_has_failed_whatever_it_still_says(bench: Bench, said: Reported | None) -> None:
    bench.stops(5.0)
    bench.step()
    assert bench.task().lifecycle_status == "Running"

    bench.step(*([said] if said else []), Gone(KEY, 0), now=900)
    task = bench.task()

    assert (task.lifecycle_status, task.final, task.error, task.failures) == ("Failed", False, OVER, 1)
    assert (task.holds_slot, task.runs[-1].outcome, task.runs[-1].finished) == (False, "failed", 900)


def test_outcome_is_told_once_the_run_answers_and_what_it_saved_is_kept(bench: Bench) -> None:
    bench.stops(5.0)
    bench.step(CheckpointSaved(KEY, {"at": 9}), CANCELLED)

    assert (bench.task().error, bench.task().checkpoint, bench.task().holds_slot) == (OVER, {"at": 9}, True)


def test_outcome_reported_before_the_limit_stands(bench: Bench) -> None:
    bench.supervisor.note([FINISHED])
    assert bench.stops(5.0) == []
    bench.step(Gone(KEY, 0))

    assert bench.task().lifecycle_status == "Finished"


def test_end_before_the_limit_stands_though_it_is_written_after(bench: Bench) -> None:
    bench.supervisor.note([Gone(KEY, -11)])
    assert bench.stops(5.0) == []
    bench.step()

    assert bench.task().error is not None
    assert bench.task().error != OVER


def test_run_that_is_being_stopped_already_does_not_fail_by_its_limit(bench: Bench) -> None:
    bench.supervisor.stop_all()
    assert bench.stops(1.0) == [TERMINATE]
    assert bench.stops(6.0) == []
    bench.step(Gone(KEY, 0))

    assert (bench.task().lifecycle_status, bench.task().failures) == ("Created", 0)


@pytest.mark.parametrize("end", [CANCELLED, Gone(KEY, -9)])
def test_run_over_its_limit_has_failed_though_the_node_is_stopped_meanwhile(bench: Bench, end: WorkerEvent) -> None:
    bench.stops(5.0)
    bench.supervisor.stop_all()
    bench.step(end)

    assert bench.task().error == OVER


def test_cancel_after_the_limit_is_a_cancel(bench: Bench) -> None:
    bench.stops(5.0)
    bench.rows.move("t", lifecycle.cancel)
    bench.step(Gone(KEY, 0))

    assert (bench.task().lifecycle_status, bench.task().error) == ("Cancelled", None)


def test_limit_of_a_suspended_run_stands_still(bench: Bench) -> None:
    bench.stops(3.0)
    bench.rows.move("t", lifecycle.pause)
    assert bench.read().signals == [(KEY, SUSPEND)]
    assert bench.supervisor.next_moment() is None
    assert bench.stops(500.0) == []

    bench.rows.move("t", lifecycle.resume)
    assert bench.read().signals == [(KEY, RESUME)]

    assert bench.supervisor.next_moment() == 502.0
    assert bench.stops(501.9) == []
    assert bench.stops(502.0) == [TERMINATE]


def test_pause_that_is_read_after_the_limit_comes_too_late(bench: Bench) -> None:
    bench.clock = 5.0
    bench.rows.move("t", lifecycle.pause)

    assert bench.read().signals == []
    assert bench.stops(5.0) == [TERMINATE]


def test_no_limit_needs_no_look() -> None:
    bench = a_running_bench()

    assert bench.supervisor.next_moment() is None
    assert bench.stops(10.0**9) == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(timeout=st.integers(1, 20), turns=st.lists(st.integers(1, 9), max_size=12))
def test_a_run_is_stopped_exactly_when_its_time_unpaused_is_used_up(timeout: int, turns: list[int]) -> None:
    """Runs and pauses in turns of these lengths, looking only when told to, or when an operator does something."""
    bench = a_running_bench(timeout_ms=timeout * 1000)
    used, paused = 0, False
    for turn in [*turns, *([1] if len(turns) % 2 else []), 99]:
        end = bench.clock + turn
        moment = bench.supervisor.next_moment()
        if not paused and used + turn >= timeout:
            assert moment == bench.clock + timeout - used
            assert bench.stops(moment) == [TERMINATE]
            return
        assert moment is None or moment > end
        assert bench.stops(end) == []
        used += 0 if paused else turn
        bench.rows.move("t", lifecycle.resume if paused else lifecycle.pause)
        bench.read()
        paused = not paused
    raise AssertionError("the last turn is long enough for every limit")
