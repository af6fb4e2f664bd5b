"""What a node does next, decided from rows and facts without any event loop."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from skalds.model.task import RunError, Task
from skalds.node.supervisor import Steering, Supervisor
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused
from skalds.ports.worker_launcher import (
    CheckpointSaved,
    Gone,
    MainStarted,
    Progressed,
    Reported,
    RunKey,
    RunOutcome,
    WorkerEvent,
    WorkerSignal,
)
from tests.unit.node.rows import Rows, assigned

GRACE = 10.0
KEY = RunKey("t", 1)
TERMINATE, KILL, SUSPEND, RESUME = WorkerSignal

FINISHED = Reported(KEY, RunOutcome.FINISHED, at=50, result={"n": 1})
FAILED = Reported(KEY, RunOutcome.FAILED, at=50, error=RunError(type="ValueError", message="no"))
CANCELLED = Reported(KEY, RunOutcome.CANCELLED, at=50)


class Bench:
    """A supervisor with its rows and a launcher that only remembers."""

    def __init__(self, *tasks: Task, slots: int = 2, classes: Sequence[str] = ("Demo",)) -> None:
        self.rows = Rows(*tasks)
        self.supervisor = Supervisor(frozenset(classes), slots, GRACE, random.Random(7))
        self.launched: list[RunKey] = []
        self.writes = 0

    def read(self) -> Steering:
        return self.supervisor.read_rows(self.rows.mine())

    def settle(self, now: int = 100) -> list[bool]:
        """Writes what is to be written and launches what is to be launched."""
        changes = self.supervisor.changes(now)
        written = self.rows.write(changes)
        self.writes += len(changes)
        self.launched += [RunKey(task.id, task.attempt) for task in self.supervisor.settle(changes, written)]
        return written

    def step(self, *events: WorkerEvent, now: int = 100) -> None:
        """One round of the agent."""
        self.supervisor.note(events)
        self.read()
        self.settle(now)

    def task(self, name: str = "t") -> Task:
        return self.rows.of[name]


@pytest.fixture
def bench() -> Bench:
    """A node that runs task `t`."""
    bench = Bench(assigned())
    bench.step()
    assert bench.launched == [KEY]
    return bench


@pytest.mark.parametrize(
    ("tasks", "node", "expected"),
    [
        ([assigned()], {}, {"t": "Running"}),
        ([assigned(class_name="Other")], {}, {"t": "Created"}),
        ([assigned("a"), assigned("b")], {}, {"a": "Running", "b": "Running"}),
        ([assigned("a"), assigned("b"), assigned("c")], {}, {"a": "Running", "b": "Running", "c": "Created"}),
        ([assigned("a", slots=2), assigned("b")], {}, {"a": "Running", "b": "Created"}),
        ([assigned("a", slots=3), assigned("b")], {}, {"a": "Created", "b": "Running"}),
        ([assigned("a"), assigned("b", slots=0), assigned("c")], {}, {"a": "Running", "b": "Running", "c": "Running"}),
        ([assigned(str(n)) for n in range(9)], {"slots": 0}, {str(n): "Running" for n in range(9)}),
    ],
)
def test_node_accepts_what_fits_and_refuses_the_rest(
    tasks: list[Task], node: dict[str, Any], expected: dict[str, str]
) -> None:
    bench = Bench(*tasks, **node)
    bench.step()

    assert {name: task.lifecycle_status for name, task in bench.rows.of.items()} == expected
    assert [key.task_id for key in bench.launched] == [name for name, status in expected.items() if status == "Running"]


def test_run_keeps_its_room_until_its_processes_are_gone() -> None:
    bench = Bench(assigned("a"), slots=1)
    bench.step()
    bench.step(Reported(RunKey("a", 1), RunOutcome.FINISHED, at=1))
    bench.rows.of["b"] = assigned("b")
    bench.step()
    assert bench.task("b").lifecycle_status == "Created"

    bench.rows.of["c"] = assigned("c")
    bench.supervisor.note([Gone(RunKey("a", 1), 0)])
    bench.settle()
    bench.step()

    assert bench.task("c").lifecycle_status == "Running"


def test_refusal_is_counted_and_frees_the_slot() -> None:
    bench = Bench(assigned(class_name="Other"))
    bench.step()

    assert (bench.task().refusals, bench.task().holds_slot, bench.supervisor.live_tasks) == (1, False, 0)


def test_nothing_is_launched_before_the_accept_was_written() -> None:
    bench = Bench(assigned())
    bench.read()
    changes = bench.supervisor.changes(100)

    assert [change.after.lifecycle_status for change in changes] == ["Running"]
    assert bench.supervisor.live_tasks == 0
    assert [task.id for task in bench.supervisor.settle(changes, [True])] == ["t"]


def test_accept_that_was_not_written_launches_nothing() -> None:
    bench = Bench(assigned())
    bench.read()
    bench.rows.move("t", lifecycle.cancel)
    assert bench.settle() == [False]
    assert bench.launched == []

    bench.step()

    assert bench.launched == []
    assert (bench.task().lifecycle_status, bench.task().holds_slot) == ("Cancelled", False)


def test_write_that_failed_altogether_is_made_again() -> None:
    bench = Bench(assigned())
    bench.read()
    bench.supervisor.changes(100)
    bench.settle()

    assert bench.launched == [KEY]


def test_accept_that_was_written_without_our_knowing_is_never_launched() -> None:
    bench = Bench(assigned())
    bench.read()
    bench.rows.write(bench.supervisor.changes(100))
    bench.step()

    assert bench.launched == []
    assert (bench.task().lifecycle_status, bench.task().holds_slot) == ("Created", False)


def test_running_task_is_launched_once_however_often_it_is_read(bench: Bench) -> None:
    for _ in range(3):
        bench.step()

    assert bench.launched == [KEY]
    assert bench.writes == 1


def test_outcome_and_release_are_one_write_when_both_are_known(bench: Bench) -> None:
    before = bench.task()
    bench.step(MainStarted(KEY, 40), FINISHED, Gone(KEY, 0))
    task = bench.task()

    assert (bench.writes, task.rev) == (2, before.rev + 1)
    assert (task.lifecycle_status, task.result, task.holds_slot) == ("Finished", {"n": 1}, False)
    assert (task.runs[-1].running, task.runs[-1].finished, task.runs[-1].outcome) == (40, 50, "finished")
    assert bench.supervisor.live_tasks == 0


def test_outcome_is_written_at_once_and_the_release_when_the_process_is_gone(bench: Bench) -> None:
    bench.step(FINISHED)
    assert (bench.task().lifecycle_status, bench.task().holds_slot) == ("Finished", True)

    bench.step(Gone(KEY, 0))

    assert (bench.task().lifecycle_status, bench.task().holds_slot) == ("Finished", False)


@pytest.mark.parametrize(
    ("events", "status", "error"),
    [
        ([FAILED, Gone(KEY, 1)], "Failed", "ValueError"),
        ([Reported(KEY, RunOutcome.FAILED, at=1), Gone(KEY, 1)], "Failed", "Unknown"),
        ([Gone(KEY, 0)], "Failed", "WorkerExited"),
        ([Gone(KEY, 3)], "Failed", "WorkerExited"),
        ([Gone(KEY, -9)], "Failed", "WorkerExited"),
        ([FINISHED, Gone(KEY, -9)], "Finished", None),
        ([CANCELLED, Gone(KEY, 0)], "Created", None),
    ],
)
def test_end_of_a_run(bench: Bench, events: list[WorkerEvent], status: str, error: str | None) -> None:
    bench.step(*events)
    task = bench.task()

    assert (task.lifecycle_status, task.error and task.error.type, task.holds_slot) == (status, error, False)


@pytest.mark.parametrize(
    ("exit_status", "message"),
    [
        (3, "the worker process exited with status 3 without reporting an outcome"),
        (-11, "the worker process was killed by signal 11 without reporting an outcome"),
    ],
)
def test_silent_exit_is_a_failure_that_says_how_it_ended(bench: Bench, exit_status: int, message: str) -> None:
    bench.step(Gone(KEY, exit_status))

    assert bench.task().error == RunError(type="WorkerExited", message=message)
    assert bench.task().failures == 1


def stops(bench: Bench, now: float) -> list[WorkerSignal]:
    return [signal for _, signal in bench.supervisor.stops(now)]


def test_cancelled_run_is_terminated_and_killed_after_its_grace(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.cancel)
    bench.step()

    assert stops(bench, 100) == [TERMINATE]
    assert bench.supervisor.next_kill() == 110
    assert stops(bench, 109.9) == []
    assert stops(bench, 110) == [KILL]
    assert stops(bench, 200) == []
    assert bench.supervisor.next_kill() is None


@pytest.mark.parametrize("last_words", [FINISHED, FAILED, CANCELLED, None])
def test_cancelled_task_stays_cancelled_whatever_its_run_still_says(bench: Bench, last_words: Reported | None) -> None:
    cancelled = bench.rows.move("t", lifecycle.cancel)
    bench.step(*([last_words] if last_words else []), Gone(KEY, 0))

    assert bench.task() == cancelled.changed(100, released_at=100)


def test_requeued_task_stops_its_run_and_waits_for_it(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.cancel)
    bench.rows.move("t", lifecycle.requeue)
    bench.step()
    assert stops(bench, 0) == [TERMINATE]

    bench.step(Gone(KEY, -15))

    assert bench.task().is_waiting


def test_run_that_reported_is_given_the_grace_to_close_down_without_a_signal(bench: Bench) -> None:
    bench.step(FINISHED)

    assert stops(bench, 0) == []
    assert stops(bench, GRACE - 0.1) == []
    assert stops(bench, GRACE) == [KILL]


def test_run_taken_away_is_killed_at_once_and_nothing_is_written_about_it(bench: Bench) -> None:
    bench.rows.move("t", lifecycle.lose)
    before = bench.task()
    bench.step()
    assert stops(bench, 0) == [KILL]

    bench.step(FINISHED, Gone(KEY, -9))

    assert (bench.task(), bench.writes) == (before, 1)
    assert bench.supervisor.live_tasks == 0


def test_run_whose_session_ended_is_killed_at_once_and_nothing_is_written_about_it(bench: Bench) -> None:
    bench.supervisor.lose_session()

    assert stops(bench, 0) == [KILL]
    bench.supervisor.note([FAILED, Gone(KEY, -9)])
    assert list(bench.supervisor.changes(0)) == []
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
    assert stops(bench, 0) == ([] if said else [TERMINATE])

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

    assert stops(bench, 0) == []
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

    assert stops(bench, 0) == [TERMINATE, RESUME]


def test_run_that_ends_while_paused_is_finished(bench: Bench) -> None:
    moved(bench, lifecycle.pause)
    bench.step(FINISHED, Gone(KEY, 0))

    assert bench.task().lifecycle_status == "Finished"


def test_paused_run_that_is_drained_is_parked(bench: Bench) -> None:
    moved(bench, lifecycle.pause)
    bench.supervisor.stop_all()
    bench.step(Gone(KEY, -15))

    assert lifecycle.stage_of(bench.task()) is lifecycle.Stage.PARKED


def test_new_attachments_are_handed_on_once_per_revision(bench: Bench) -> None:
    bench.rows.put("t", attachments={"v": 1}, attachments_rev=1)
    assert bench.read().updates == [(KEY, {"v": 1})]
    assert bench.read().updates == []

    bench.rows.put("t", attachments={"v": 3}, attachments_rev=3)

    assert bench.read().updates == [(KEY, {"v": 3})]


def test_attachments_changed_before_the_launch_are_no_update() -> None:
    bench = Bench(assigned(attachments={"v": 1}, attachments_rev=1))
    bench.step()

    assert bench.read().updates == []


def test_progress_and_checkpoint_are_written_together_and_only_when_new(bench: Bench) -> None:
    bench.step(Progressed(KEY, 0.25, "a quarter"), CheckpointSaved(KEY, {"at": 7}))
    bench.step()
    task = bench.task()

    assert task.progress is not None
    assert (task.progress.fraction, task.progress.message, task.checkpoint) == (0.25, "a quarter", {"at": 7})
    assert bench.writes == 2


def test_write_that_came_too_late_is_decided_again_from_the_rows(bench: Bench) -> None:
    bench.rows.put("t", attachments={"v": 1}, attachments_rev=1)
    bench.supervisor.note([FINISHED, Gone(KEY, 0)])
    assert bench.settle() == [False]
    assert bench.task().lifecycle_status == "Running"

    bench.step()

    assert (bench.task().lifecycle_status, bench.task().attachments) == ("Finished", {"v": 1})


def test_events_of_runs_nobody_knows_are_ignored(bench: Bench) -> None:
    bench.step(Gone(RunKey("t", 9), 0), Reported(RunKey("x", 1), RunOutcome.FINISHED, at=1))

    assert bench.task().lifecycle_status == "Running"
