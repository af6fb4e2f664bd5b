"""Stopping, pausing and handing back: which signal a run gets, and when."""

from collections.abc import Callable

import pytest

from skalds.model.task import Task
from skalds.node.supervisor import Supervisor
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused
from skalds.ports.worker_launcher import Gone, Reported, RunKey, WorkerSignal
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
from tests.unit.node.rows import assigned


@pytest.fixture
def bench() -> Bench:
    return a_running_bench()


def test_cancelled_run_is_terminated_and_killed_after_its_grace(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.cancel)
    bench.step()

    assert bench.stops(100) == [TERMINATE]
    assert bench.supervisor.next_moment() == 110
    assert bench.stops(109.9) == []
    assert bench.stops(110) == [KILL]
    assert bench.stops(200) == []
    assert bench.supervisor.next_moment() is None


@pytest.mark.parametrize("last_words", [FINISHED, FAILED, CANCELLED, None])
def test_cancelled_task_stays_cancelled_whatever_its_run_still_says(bench: Bench, last_words: Reported | None) -> None:
    cancelled = bench.rows.move("t", lifecycle.cancel)
    bench.step(*([last_words] if last_words else []), Gone(KEY, 0))

    assert bench.task() == cancelled.changed(100, released_at=100)


def test_requeued_task_stops_its_run_and_waits_for_it(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.cancel)
    bench.rows.move("t", lifecycle.requeue)
    bench.step()
    assert bench.stops(0) == [TERMINATE]

    bench.step(Gone(KEY, -15))

    assert bench.task().is_waiting


def test_run_that_reported_is_given_the_grace_to_close_down_without_a_signal(bench: Bench) -> None:
    bench.step(FINISHED)

    assert bench.stops(0) == []
    assert bench.stops(GRACE - 0.1) == []
    assert bench.stops(GRACE) == [KILL]


def test_run_taken_away_is_killed_at_once_and_nothing_is_written_about_it(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.lose)
    before = bench.task()
    bench.step()
    assert bench.stops(0) == [KILL]

    bench.step(FINISHED)
    bench.step(Gone(KEY, -9))

    assert (bench.task(), bench.writes) == (before, 1)
    assert bench.supervisor.live_tasks == 0


def test_run_whose_session_ended_is_killed_at_once_and_nothing_is_written_about_it(bench: Bench) -> None:
    bench.supervisor.lose_session()

    assert bench.stops(0) == [KILL]
    bench.supervisor.note([FAILED])
    assert list(bench.supervisor.changes(0)) == []
    bench.supervisor.note([Gone(KEY, -9)])
    assert bench.supervisor.live_tasks == 0


def test_offers_of_a_session_that_ended_are_forgotten() -> None:
    bench = Bench(assigned())
    bench.read()
    bench.supervisor.lose_session()

    assert list(bench.supervisor.changes(0)) == []


def test_next_attempt_on_the_same_node_is_another_run(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.lose)
    bench.rows.of["t"] = assigned(attempt=2, rev=9)
    bench.step()

    assert bench.launched == [KEY, RunKey("t", 2)]
    assert list(bench.supervisor.stops(0)) == [(KEY, KILL)]


@pytest.mark.parametrize("said", [None, CANCELLED, FAILED])
def test_drained_run_is_handed_back_uncounted_once_it_is_gone(bench: Bench, said: Reported | None) -> None:
    bench.supervisor.stop_all()
    bench.step(*([said] if said else []))
    assert bench.task().lifecycle_status == "Running"
    assert bench.stops(0) == ([] if said else [TERMINATE])

    bench.step(Gone(KEY, -15))
    task = bench.task()

    assert (task.lifecycle_status, task.failures, task.losses, task.refusals) == ("Created", 0, 0, 0)
    assert task.is_waiting


def test_run_that_finished_while_draining_is_finished(bench: Bench) -> None:
    bench.supervisor.stop_all()
    bench.step(FINISHED, Gone(KEY, 0))

    assert bench.task().lifecycle_status == "Finished"


@pytest.mark.parametrize("close", [Supervisor.drain, Supervisor.stop_all])
def test_node_that_closes_refuses_what_is_new(bench: Bench, close: Callable[[Supervisor], None]) -> None:
    close(bench.supervisor)
    bench.rows.of["late"] = assigned("late")
    bench.step()

    assert bench.task("late").lifecycle_status == "Created"
    assert bench.launched == [KEY]


def test_draining_leaves_what_runs_alone(bench: Bench) -> None:
    bench.supervisor.drain()

    assert bench.stops(0) == []
    assert bench.task().lifecycle_status == "Running"


def moved(bench: Bench, move: Callable[[Task, int], Task | Refused]) -> list[WorkerSignal]:
    """The signals that follow from an operator's move."""
    bench.rows.move("t", move)
    return [signal for _, signal in bench.read().signals]


def test_pause_suspends_and_resume_resumes_each_once(bench: Bench) -> None:
    assert moved(bench, lifecycle.pause) == [SUSPEND]
    assert bench.read().signals == []
    assert moved(bench, lifecycle.resume) == [RESUME]
    assert bench.read().signals == []


def test_suspended_run_is_woken_to_be_terminated(bench: Bench) -> None:
    moved(bench, lifecycle.pause)
    assert moved(bench, lifecycle.cancel) == []

    assert bench.stops(0) == [TERMINATE, RESUME]


def test_run_that_ends_while_paused_is_finished(bench: Bench) -> None:
    moved(bench, lifecycle.pause)
    bench.step(FINISHED, Gone(KEY, 0))

    assert bench.task().lifecycle_status == "Finished"


def test_paused_run_that_is_drained_is_parked(bench: Bench) -> None:
    moved(bench, lifecycle.pause)
    bench.supervisor.stop_all()
    bench.step(Gone(KEY, -15))

    assert lifecycle.stage_of(bench.task()) is lifecycle.Stage.PARKED


def test_run_accepted_while_the_node_was_told_to_stop_is_stopped_like_all_others() -> None:
    bench = Bench(assigned())
    bench.read()
    changes = bench.supervisor.changes(100)
    bench.supervisor.stop_all()

    launches = bench.supervisor.settle(changes, bench.rows.write(changes), 0)

    assert [task.id for task in launches] == ["t"]
    assert bench.stops(now=1.0) == [TERMINATE]
