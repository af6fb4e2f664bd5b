"""A run that is asked to leave is stopped and handed back alone, uncounted, with what it saved."""

from functools import partial

import pytest

from skalds.planning import lifecycle
from skalds.ports.worker_launcher import CheckpointSaved, Gone, Reported, RunKey
from tests.unit.node.bench import CANCELLED, FAILED, FINISHED, GRACE, KEY, KILL, RESUME, TERMINATE, Bench
from tests.unit.node.rows import assigned

OTHER = RunKey("other", 1)
ASK = partial(lifecycle.ask_to_leave, leave_for="urgent")


@pytest.fixture
def bench() -> Bench:
    bench = Bench(assigned(), assigned("other"))
    bench.step()
    return bench


def test_only_the_run_that_is_asked_is_terminated_and_killed_after_the_grace(bench: Bench) -> None:
    bench.rows.move("t", ASK)
    bench.step()

    assert list(bench.supervisor.stops(100)) == [(KEY, TERMINATE)]
    assert bench.supervisor.next_moment() == 100 + GRACE
    assert list(bench.supervisor.stops(100 + GRACE)) == [(KEY, KILL)]


@pytest.mark.parametrize("asked_at", [0.0, 13.44, 22.88, 58.76])
def test_the_kill_is_due_at_the_moment_that_is_waited_for_however_it_is_rounded(asked_at: float) -> None:
    bench = Bench(assigned())
    bench.step()
    bench.rows.move("t", ASK)
    bench.step()

    # Of some of these the moment less the beginning is a little under the grace.
    bench.stops(asked_at)
    moment = bench.supervisor.next_moment()
    assert moment is not None
    assert bench.stops(moment) == [KILL]


@pytest.mark.parametrize(("leave_for", "outcome"), [("urgent", "preempted"), ("<drain>", "drained")])
@pytest.mark.parametrize("said", [None, CANCELLED, FAILED])
def test_it_is_handed_back_uncounted_once_it_is_gone(
    bench: Bench, said: Reported | None, leave_for: str, outcome: str
) -> None:
    bench.rows.move("t", partial(lifecycle.ask_to_leave, leave_for=leave_for))
    bench.step()
    bench.step(CheckpointSaved(KEY, {"at": 3}), *([said] if said else []))
    assert bench.task().lifecycle_status == "Running"

    bench.step(Gone(KEY, -15))
    task = bench.task()

    assert (task.lifecycle_status, task.failures, task.losses, task.refusals) == ("Created", 0, 0, 0)
    assert (task.checkpoint, task.runs[-1].outcome, task.is_waiting) == ({"at": 3}, outcome, True)
    assert bench.task("other").lifecycle_status == "Running"


def test_one_that_finishes_all_the_same_has_finished(bench: Bench) -> None:
    bench.rows.move("t", ASK)
    bench.step(FINISHED, Gone(KEY, 0))

    assert bench.task().lifecycle_status == "Finished"


def test_failure_reported_before_the_node_knew_of_the_request_counts(bench: Bench) -> None:
    bench.rows.move("t", ASK)
    bench.supervisor.note([FAILED])
    assert bench.settle() == [False]

    bench.step(Gone(KEY, 0))

    assert (bench.task().lifecycle_status, bench.task().failures) == ("Failed", 1)


def test_suspended_run_is_woken_to_leave_and_waits_paused_without_a_node(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.pause)
    bench.step()
    bench.rows.move("t", ASK)
    bench.step()
    assert list(bench.supervisor.stops(0)) == [(KEY, TERMINATE), (KEY, RESUME)]

    bench.step(Gone(KEY, -15))

    assert lifecycle.stage_of(bench.task()) is lifecycle.Stage.PARKED


def test_its_room_is_free_for_the_one_it_left_for(bench: Bench) -> None:
    bench.rows.move("t", ASK)
    bench.step(Gone(KEY, -15))
    bench.rows.of["urgent"] = assigned("urgent")
    bench.step()

    assert bench.task("urgent").lifecycle_status == "Running"
    assert OTHER in bench.launched
