"""What an operator may do to a task in each stage, as one table."""

from collections.abc import Callable

import pytest

from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused, Stage, stage_of
from skalds.testing import a_task
from tests.unit.planning.histories import assign, fail, finish


def made(task: Task | Refused) -> Task:
    assert isinstance(task, Task)
    return task


CREATED = a_task()
ASSIGNING = assign(CREATED, 10)
RUNNING = lifecycle.accept(ASSIGNING, 20)
PAUSED = made(lifecycle.pause(RUNNING, 30))
PARKED = lifecycle.lose(PAUSED, 40)
STOPPING = fail(RUNNING, 30)
RETRYING = lifecycle.release(STOPPING, 40)
FINISHED = finish(RUNNING, 30)
FAILED = fail(lifecycle.accept(assign(a_task(max_attempts=1), 10), 20), 30)
CANCELLED = made(lifecycle.cancel(RUNNING, 30))
REQUEUED = made(lifecycle.requeue(CANCELLED, 40))

SAME = "same"
TABLE: dict[str, tuple[Task, Stage | str, Stage | str, Stage | str, Stage | str]] = {
    # name         task       cancel           requeue        pause         resume
    "created":   (CREATED,   Stage.CANCELLED, SAME,          Stage.PARKED, "the task is Created, not Paused"),
    "assigning": (ASSIGNING, Stage.CANCELLED, "the task is Assigning; only one that ended can be requeued",
                  "the task is just being assigned; pause it once it runs", "the task is Assigning, not Paused"),
    "running":   (RUNNING,   Stage.CANCELLED, "the task is Running; only one that ended can be requeued",
                  Stage.PAUSED, "the task is Running, not Paused"),
    "paused":    (PAUSED,    Stage.CANCELLED, "the task is Paused; only one that ended can be requeued",
                  SAME, Stage.RUNNING),
    "parked":    (PARKED,    Stage.CANCELLED, "the task is Paused; only one that ended can be requeued",
                  SAME, Stage.CREATED),
    "retrying":  (RETRYING,  Stage.CANCELLED, Stage.CREATED, Stage.PARKED, "the task is Failed, not Paused"),
    "stopping":  (STOPPING,  Stage.CANCELLED, Stage.CREATED,
                  "its last run is still stopping; pause it in a moment", "the task is Failed, not Paused"),
    "requeued":  (REQUEUED,  Stage.CANCELLED, SAME,
                  "its last run is still stopping; pause it in a moment", "the task is Created, not Paused"),
    "finished":  (FINISHED,  "the task is Finished already", Stage.CREATED,
                  "the task is Finished already", "the task is Finished, not Paused"),
    "failed":    (FAILED,    "the task is Failed already", Stage.CREATED,
                  "the task is Failed already", "the task is Failed, not Paused"),
    "cancelled": (CANCELLED, SAME, Stage.CREATED, "the task is Cancelled already", "the task is Cancelled, not Paused"),
}  # fmt: skip
MOVES: list[Callable[[Task, int], Task | Refused]] = [
    lifecycle.cancel,
    lifecycle.requeue,
    lifecycle.pause,
    lifecycle.resume,
]

CELLS = [
    pytest.param(task, move, expected, id=f"{move.__name__}-{name}")
    for name, (task, *row) in TABLE.items()
    for move, expected in zip(MOVES, row, strict=True)
]


@pytest.mark.parametrize(("task", "move", "expected"), CELLS)
def test_operator_move(task: Task, move: Callable[[Task, int], Task | Refused], expected: Stage | str) -> None:
    after = move(task, 1000)

    if isinstance(after, Refused):
        assert after.reason == expected
    elif after is task:
        assert expected == SAME
    else:
        assert stage_of(after) == expected


def test_every_stage_is_in_the_table() -> None:
    assert {stage_of(task) for task, *_ in TABLE.values()} == set(Stage)


def test_cancel_is_final_at_once_and_the_slot_stays_counted() -> None:
    assert CANCELLED.final
    assert CANCELLED.holds_slot


def test_requeue_counts_from_zero_and_forgets_what_the_last_run_reported() -> None:
    task = made(lifecycle.requeue(FAILED, 500))

    assert (task.final, task.failures, task.losses, task.requeues, task.eligible_at) == (False, 0, 0, 1, 500)
    assert (task.result, task.error, task.progress) == (None, None, None)
    assert task.attempt == FAILED.attempt


def test_requeued_task_does_not_run_before_its_last_run_is_released() -> None:
    task = made(lifecycle.requeue(CANCELLED, 500))

    assert not task.is_waiting
    assert lifecycle.release(task, 600).is_waiting


def test_resumed_task_without_node_goes_back_to_the_queue_with_its_place() -> None:
    task = made(lifecycle.resume(made(lifecycle.pause(CREATED, 30)), 40))

    assert task.is_waiting
    assert task.eligible_at == CREATED.eligible_at


def test_requeue_starts_a_finished_task_over_and_lets_any_other_go_on_from_its_checkpoint() -> None:
    finished = FINISHED.model_copy(update={"checkpoint": {"at": 9}})
    cancelled = CANCELLED.model_copy(update={"checkpoint": {"at": 9}})

    assert made(lifecycle.requeue(finished, 50)).checkpoint is None
    assert made(lifecycle.requeue(cancelled, 50)).checkpoint == {"at": 9}
