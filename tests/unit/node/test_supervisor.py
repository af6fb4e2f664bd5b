"""Accepting, launching, and telling the store what became of it, decided without any event loop."""

from typing import Any

import pytest

from skalds.model.task import RunError, Task
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import (
    CheckpointSaved,
    Gone,
    MainStarted,
    Progressed,
    Reported,
    RunKey,
    RunOutcome,
    WorkerEvent,
)
from tests.unit.node.bench import CANCELLED, FAILED, FINISHED, KEY, Bench, a_running_bench
from tests.unit.node.rows import assigned


@pytest.fixture
def bench() -> Bench:
    return a_running_bench()


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
    assert [task.id for task in bench.supervisor.settle(changes, [True], 0)] == ["t"]


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


@pytest.mark.parametrize("end", [FINISHED, FAILED])
def test_checkpoint_and_progress_that_arrive_together_with_the_end_are_kept(bench: Bench, end: WorkerEvent) -> None:
    bench.step(CheckpointSaved(KEY, {"at": 7}), Progressed(KEY, 0.7, "late"), end)

    task = bench.task()
    assert task.checkpoint == {"at": 7}
    assert task.progress is not None
    assert task.progress.message == "late"


def test_node_refuses_what_its_resources_do_not_allow() -> None:
    wanted = {"cpu": 1.5, "memory": 6}
    bench = Bench(assigned("a", resources=wanted), assigned("b", resources=wanted), assigned("c", resources={"cpu": 2}),
                  slots=0, resources={"cpu": 3.5, "memory": 10})  # fmt: skip
    bench.step()

    assert {name: task.lifecycle_status for name, task in bench.rows.of.items()} == {
        "a": "Running", "b": "Created", "c": "Running",
    }  # fmt: skip


def test_each_run_gets_devices_of_its_own_until_its_processes_are_gone() -> None:
    names = ["a", "b", "c"]
    bench = Bench(*(assigned(name, resources={"gpu": 1}) for name in names), slots=0, resources={"gpu": ["x", "y"]})
    bench.step()
    assert [bench.task(name).runs[-1].devices for name in names] == [("x",), ("y",), ()]

    bench.rows.of["d"] = assigned("d", resources={"gpu": 1})
    bench.step(Reported(RunKey("a", 1), RunOutcome.FINISHED, at=1))
    assert bench.task("d").lifecycle_status == "Created"

    bench.step(Gone(RunKey("a", 1), 0))
    bench.rows.of["e"] = assigned("e", resources={"gpu": 1})
    bench.step()
    assert bench.task("e").runs[-1].devices == ("x",)
    assert bench.task("a").runs[-1].devices == ("x",)


def test_run_without_gpu_gets_no_device() -> None:
    bench = Bench(assigned(), resources={"gpu": ["0"]})
    bench.step()

    assert bench.task().runs[-1].devices == ()
