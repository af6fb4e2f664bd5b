"""Whatever happens in whatever order, a task moves only as the table allows, and its counters mean what they say."""

import random
from itertools import groupby

import pytest
from hypothesis import given, settings

from skalds.model.task import RUNS_KEPT, RunError, Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import LIFE_CYCLE, MAX_LOSSES, REFUSAL_PAUSE_MS, Refused, Stage, is_allowed, stage_of
from skalds.testing import a_task
from tests.unit.planning.histories import AN_ERROR, Step, assign, fail, finish, history, scripts, tasks

THAWED_BY_REQUEUE_ONLY = set(Task.model_fields) - {"released_at", "usage", "rev", "update_date_time"}

ALLOWED = {(move.source, move.target, actor) for move in LIFE_CYCLE for actor in move.actors}

modest = settings(max_examples=60, deadline=None, derandomize=True)


def running(**changes: object) -> Task:
    return lifecycle.accept(assign(a_task(**changes), 100), 200)


@modest
@given(task=tasks, script=scripts)
def test_every_pair_of_versions_is_in_the_life_cycle_and_made_by_one_who_may(
    task: Task, script: list[tuple[int, int]]
) -> None:
    for step in history(task, script):
        source, target = stage_of(step.before), stage_of(step.after)

        assert is_allowed(step.before, step.after), step.move
        assert source == target or (source, target, step.actor) in ALLOWED, step.move


@modest
@given(task=tasks, script=scripts)
def test_attempt_never_decreases_and_every_version_has_the_next_revision(
    task: Task, script: list[tuple[int, int]]
) -> None:
    for step in history(task, script):
        assert step.after.rev == step.before.rev + 1
        assert step.after.attempt == step.before.attempt + (step.move == "assign")


@modest
@given(task=tasks, script=scripts)
def test_final_is_final_until_an_operator_requeues(task: Task, script: list[tuple[int, int]]) -> None:
    for step in history(task, script):
        if step.before.final and step.move != "requeue":
            assert [name for name in THAWED_BY_REQUEUE_ONLY if _differs(step, name)] == []


def _differs(step: Step, name: str) -> bool:
    return bool(getattr(step.before, name) != getattr(step.after, name))


@modest
@given(task=tasks, script=scripts)
def test_failures_and_losses_stay_within_their_limits_between_requeues(
    task: Task, script: list[tuple[int, int]]
) -> None:
    for step in history(task, script):
        after = step.after
        assert after.losses <= MAX_LOSSES
        assert after.max_attempts == 0 or after.failures <= after.max_attempts
        if after.losses == MAX_LOSSES:
            assert after.final


@modest
@given(task=tasks, script=scripts)
def test_no_run_starts_before_the_one_before_it_is_released(task: Task, script: list[tuple[int, int]]) -> None:
    for step in history(task, script):
        if step.move == "assign":
            assert step.before.is_released
            assert step.after.holds_slot


@modest
@given(task=tasks, script=scripts)
def test_only_finished_and_cancelled_are_always_final(task: Task, script: list[tuple[int, int]]) -> None:
    for step in history(task, script):
        if step.after.lifecycle_status in ("Finished", "Cancelled"):
            assert step.after.final
        elif step.after.lifecycle_status != "Failed":
            assert not step.after.final


@modest
@given(task=tasks, script=scripts)
def test_runs_on_record_have_one_entry_per_attempt_in_order(task: Task, script: list[tuple[int, int]]) -> None:
    for step in history(task, script):
        attempts = [run.attempt for run in step.after.runs]

        assert attempts == [attempt for attempt, _ in groupby(sorted(attempts))]
        assert len(attempts) <= RUNS_KEPT


def test_the_random_histories_reach_every_move_of_the_table() -> None:
    rng = random.Random(7)
    reached = {
        (stage_of(step.before), stage_of(step.after))
        for _ in range(300)
        for step in history(
            a_task(max_attempts=rng.randrange(3), losses=rng.randrange(5)),
            [(rng.randrange(1000), 700_000) for _ in range(25)],
        )
    }

    assert {(move.source, move.target) for move in LIFE_CYCLE} - reached == set()


def test_accept_opens_the_record_of_the_run() -> None:
    task = running(create_date_time=50)
    (record,) = task.runs

    assert task.lifecycle_status == "Running"
    assert (record.attempt, record.node, record.submitted, record.assigned, record.accepted) == (
        1, "node-1", 50, 100, 200,
    )  # fmt: skip
    assert record.outcome is None


def test_finish_closes_the_record_and_ends_the_task() -> None:
    task = lifecycle.finish(running(error=AN_ERROR), 400, result={"n": 1}, started=250, ended=390)

    assert (task.lifecycle_status, task.final, task.result, task.error) == ("Finished", True, {"n": 1}, None)
    assert (task.runs[0].running, task.runs[0].finished, task.runs[0].outcome) == (250, 390, "finished")
    assert task.holds_slot


def test_failed_run_is_retried_after_its_delay_while_attempts_remain() -> None:
    task = fail(running(max_attempts=2, retry_delay_ms=1000), 5000)

    assert (task.lifecycle_status, task.final, task.failures, task.eligible_at) == ("Failed", False, 1, 6000)
    assert task.error == AN_ERROR


def test_last_failure_is_final_and_moves_nothing_else() -> None:
    before = running(max_attempts=1, eligible_at=77)
    task = fail(before, 5000)

    assert (task.final, task.failures, task.eligible_at) == (True, 1, 77)


def test_no_limit_of_attempts_means_retried_for_ever() -> None:
    assert not fail(running(max_attempts=0, failures=1000), 5000).final


def test_refusal_counts_apart_from_failures_and_losses() -> None:
    task = lifecycle.refuse(assign(a_task(), 100), 200)

    assert (task.lifecycle_status, task.executor, task.assignment) == ("Created", None, None)
    assert (task.refusals, task.failures, task.losses, task.released_at) == (1, 0, 0, 200)
    assert [run.outcome for run in task.runs] == ["refused"]


def test_refused_task_does_not_go_to_the_same_node_at_once_again() -> None:
    task = lifecycle.refuse(assign(a_task(eligible_at=50), 100), 200)

    assert task.eligible_at == 200 + REFUSAL_PAUSE_MS


def test_pause_after_a_refusal_ends_soon_whatever_the_clock_of_the_refusing_host_says() -> None:
    offered = assign(a_task(eligible_at=50), 100)
    assert offered.assignment is not None

    assert lifecycle.refuse(offered, 3_600_000).eligible_at == offered.assignment.accept_by + REFUSAL_PAUSE_MS


def test_drained_run_counts_nothing() -> None:
    task = lifecycle.hand_back(running(), 300)

    assert (task.lifecycle_status, task.refusals, task.failures, task.losses) == ("Created", 0, 0, 0)
    assert task.is_waiting


def test_task_given_back_can_run_at_once_even_if_the_wall_clock_was_set_back() -> None:
    assert lifecycle.lose(running(eligible_at=5_000_000), 300).eligible_at == 300
    assert lifecycle.hand_back(running(eligible_at=5_000_000), 300).eligible_at == 300


def test_task_given_back_keeps_its_place_in_the_order() -> None:
    assert lifecycle.lose(running(eligible_at=50), 300).eligible_at == 50


def test_drained_run_that_was_paused_stays_paused_without_a_node() -> None:
    paused = lifecycle.pause(running(), 300)
    assert isinstance(paused, Task)

    assert stage_of(lifecycle.hand_back(paused, 400)) is Stage.PARKED


def test_fifth_loss_is_poison() -> None:
    task = lifecycle.lose(running(losses=4), 300)

    assert (task.lifecycle_status, task.final, task.losses) == ("Failed", True, 5)
    assert task.error is not None
    assert task.error.type == "poison"
    assert not task.holds_slot


def test_loss_of_a_run_that_had_ended_only_releases_its_slot() -> None:
    ended = finish(running(), 300)
    task = lifecycle.lose(ended, 400)

    assert task == ended.changed(400, released_at=400)


def test_loss_of_a_run_whose_task_was_requeued_only_releases_its_slot() -> None:
    requeued = lifecycle.requeue(finish(running(), 300), 350)
    assert isinstance(requeued, Task)

    assert lifecycle.lose(requeued, 400) == requeued.changed(400, released_at=400)


def leaving(leave_for: str) -> Task:
    asked = lifecycle.ask_to_leave(running(), 250, leave_for=leave_for)
    assert isinstance(asked, Task)
    return asked


def test_asking_a_run_to_leave_changes_its_assignment_and_nothing_else() -> None:
    before, after = running(), leaving("urgent")
    assert before.assignment is not None

    assert after == before.changed(250, assignment=before.assignment.model_copy(update={"leave_for": "urgent"}))


def test_only_the_first_request_to_leave_counts() -> None:
    asked = leaving("urgent")

    assert lifecycle.ask_to_leave(asked, 300, leave_for="<drain>") is asked


@pytest.mark.parametrize(
    "task", [a_task(), assign(a_task(), 100), finish(running(), 300), lifecycle.release(fail(running(), 300), 400)]
)
def test_only_what_runs_can_be_asked_to_leave(task: Task) -> None:
    assert isinstance(lifecycle.ask_to_leave(task, 500, leave_for="urgent"), Refused)


def test_task_paused_without_a_node_cannot_be_asked_to_leave() -> None:
    parked = lifecycle.pause(a_task(), 300)
    assert isinstance(parked, Task)

    assert isinstance(lifecycle.ask_to_leave(parked, 500, leave_for="urgent"), Refused)


@pytest.mark.parametrize(("leave_for", "outcome"), [("urgent", "preempted"), ("<drain>", "drained")])
def test_run_that_left_counts_nothing_and_says_what_it_left_for(leave_for: str, outcome: str) -> None:
    task = lifecycle.hand_back(leaving(leave_for), 300)

    assert (task.lifecycle_status, task.refusals, task.failures, task.losses) == ("Created", 0, 0, 0)
    assert (task.assignment, task.runs[-1].outcome, task.is_waiting) == (None, outcome, True)


def test_accept_records_the_devices_of_the_run() -> None:
    task = lifecycle.accept(assign(a_task(), 100), 200, devices=("0", "3"))

    assert task.runs[-1].devices == ("0", "3")
    assert finish(task, 300).runs[-1].devices == ("0", "3")


WAITING = [a_task(deadline_date_time=1_750_000_000_000), lifecycle.release(fail(running(), 300), 400)]


@pytest.mark.parametrize("task", WAITING)
def test_missed_deadline_is_final_and_keeps_the_runs(task: Task) -> None:
    late = task.model_copy(update={"deadline_date_time": 1_750_000_000_000})
    after = lifecycle.miss_deadline(late, 500)

    assert after.error == RunError(
        type="deadline", message="it was not running at its deadline 2025-06-15T15:06:40.000+00:00"
    )
    assert after == late.changed(500, lifecycle_status="Failed", final=True, error=after.error)


@pytest.mark.parametrize("task", WAITING)
def test_forsaken_task_is_final_and_names_the_one_it_depended_on(task: Task) -> None:
    after = lifecycle.forsake(task, 500, parent="first")

    assert after.error is not None
    assert (after.error.type, "first" in after.error.message) == ("dependency", True)
    assert after == task.changed(500, lifecycle_status="Failed", final=True, error=after.error)
