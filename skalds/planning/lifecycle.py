"""The life cycle of a task: the table of allowed moves, and each move as a pure function.

A stage is a status seen with the fields that change its meaning:

    CREATED ──► ASSIGNING ──► RUNNING ──► FINISHED
       ▲            │          │  ▲ │
       │◄───────────┘          │  │ └──► RETRYING ──► ASSIGNING …   (Failed, not final)
       │◄──────────────────────┘  ▼            └────► FAILED        (Failed, final)
       │                       PAUSED ──► PARKED                    (Paused with, without a node)
       │◄─────────────────────────────────┘
       └◄── requeue by an operator ── FINISHED, FAILED, CANCELLED, RETRYING
    every stage that is not final ──► CANCELLED

Each function takes the task as stored and returns its next version; whoever commits it does so only if the stored
row has not moved on. Nothing here knows a store or a clock.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from skalds.model.task import RUNS_KEPT, Assignment, RunError, RunRecord, Task, TaskLifecycleStatus
from skalds.planning.retry import retry_delay_ms

REFUSAL_PAUSE_MS = 200

MAX_LOSSES = 5
"""Runs lost to infrastructure after which a task is given up as poison."""


class Stage(StrEnum):
    """Where a task stands, finer than its wire status."""

    CREATED = "created"
    ASSIGNING = "assigning"
    RUNNING = "running"
    PAUSED = "paused"
    PARKED = "parked"
    RETRYING = "retrying"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Actor(StrEnum):
    """Who may make a move."""

    DISPATCHER = "dispatcher"
    NODE = "node"
    MONITOR = "monitor"
    OPERATOR = "operator"


class Move(NamedTuple):
    """One allowed change of stage, who makes it, and when."""

    source: Stage
    target: Stage
    actors: frozenset[Actor]
    occasion: str


def _moves(sources: Iterable[Stage], targets: Iterable[Stage], actors: Iterable[Actor], occasion: str) -> list[Move]:
    return [Move(source, target, frozenset(actors), occasion) for source in sources for target in targets]


_UNFINISHED = (Stage.CREATED, Stage.RETRYING, Stage.ASSIGNING, Stage.RUNNING, Stage.PAUSED, Stage.PARKED)

LIFE_CYCLE: tuple[Move, ...] = (
    *_moves([Stage.CREATED, Stage.RETRYING], [Stage.ASSIGNING], [Actor.DISPATCHER], "a node was chosen"),
    *_moves([Stage.CREATED, Stage.RETRYING], [Stage.PARKED], [Actor.OPERATOR], "paused before it ran"),
    *_moves([Stage.CREATED, Stage.RETRYING], [Stage.FAILED], [Actor.MONITOR], "deadline passed or dependency failed"),
    *_moves([Stage.ASSIGNING], [Stage.RUNNING], [Actor.NODE], "accepted"),
    *_moves([Stage.ASSIGNING], [Stage.CREATED], [Actor.NODE, Actor.MONITOR], "refused, not accepted or node lost"),
    *_moves([Stage.ASSIGNING, Stage.PAUSED], [Stage.FAILED], [Actor.MONITOR], "poison"),
    *_moves([Stage.RUNNING, Stage.PAUSED], [Stage.FINISHED], [Actor.NODE], "the run ended well"),
    *_moves([Stage.RUNNING, Stage.PAUSED], [Stage.RETRYING, Stage.FAILED], [Actor.NODE], "the run failed"),
    *_moves([Stage.RUNNING], [Stage.RETRYING, Stage.FAILED], [Actor.MONITOR], "timeout with the node gone, or poison"),
    *_moves([Stage.RUNNING], [Stage.CREATED], [Actor.NODE, Actor.MONITOR], "node lost or drained"),
    *_moves([Stage.RUNNING], [Stage.PAUSED], [Actor.OPERATOR], "paused"),
    *_moves([Stage.PAUSED], [Stage.RUNNING], [Actor.OPERATOR], "resumed"),
    *_moves([Stage.PAUSED], [Stage.PARKED], [Actor.NODE, Actor.MONITOR], "node lost or drained"),
    *_moves([Stage.PARKED], [Stage.CREATED], [Actor.OPERATOR], "resumed"),
    *_moves(_UNFINISHED, [Stage.CANCELLED], [Actor.OPERATOR], "cancelled"),
    *_moves(
        [Stage.RETRYING, Stage.FAILED, Stage.CANCELLED, Stage.FINISHED], [Stage.CREATED], [Actor.OPERATOR], "requeued"
    ),
)

_ALLOWED = frozenset((move.source, move.target) for move in LIFE_CYCLE)

_STAGE_OF_STATUS = {
    TaskLifecycleStatus.CREATED.value: Stage.CREATED,
    TaskLifecycleStatus.ASSIGNING.value: Stage.ASSIGNING,
    TaskLifecycleStatus.RUNNING.value: Stage.RUNNING,
    TaskLifecycleStatus.FINISHED.value: Stage.FINISHED,
    TaskLifecycleStatus.CANCELLED.value: Stage.CANCELLED,
}


def stage_of(task: Task) -> Stage:
    """The stage in which `task` stands."""
    status = task.lifecycle_status
    if status == TaskLifecycleStatus.PAUSED.value:
        return Stage.PAUSED if task.holds_slot else Stage.PARKED
    if status == TaskLifecycleStatus.FAILED.value:
        return Stage.FAILED if task.final else Stage.RETRYING
    return _STAGE_OF_STATUS[status]


def is_allowed(before: Task, after: Task) -> bool:
    """Whether `after` may follow `before` as the next version: same stage, or a move of the table."""
    source, target = stage_of(before), stage_of(after)
    return source == target or (source, target) in _ALLOWED


# Moves of a node ------------------------------------------------------------------------------------------------------


def accept(task: Task, now: int, *, devices: tuple[str, ...] = ()) -> Task:
    """The node of this attempt takes the run on, with these GPU devices: Assigning → Running."""
    record = _record(task).model_copy(update={"accepted": now, "devices": devices})
    return task.changed(now, lifecycle_status=TaskLifecycleStatus.RUNNING.value, runs=(*task.runs, record)[-RUNS_KEPT:])


def refuse(task: Task, now: int) -> Task:
    """The node refused the assignment, left, or did not accept it in time: Assigning → Created.

    A short pause keeps the task from going to the same node at once, again and again; however wrong the wall clock
    here is, it ends soon after the assignment's time would have ended by the dispatcher's.
    """
    pause_from = min(now, _assignment(task).accept_by)
    return _given_back(task, now, "refused", refusals=task.refusals + 1, eligible_at=pause_from + REFUSAL_PAUSE_MS)


def finish(task: Task, now: int, *, result: Any, started: int | None, ended: int) -> Task:
    """The run ended well: Running or Paused → Finished, final."""
    return task.changed(
        now,
        lifecycle_status=TaskLifecycleStatus.FINISHED.value,
        final=True,
        result=result,
        error=None,
        runs=_closed(task, "finished", ended, started),
    )


def fail(task: Task, now: int, *, error: RunError, started: int | None, ended: int, jitter: float) -> Task:
    """The run failed: → Failed, final once `failures` reached `max_attempts`; before, a next run waits its delay out.

    `jitter` is a random number from [0, 1).
    """
    failures = task.failures + 1
    final = 0 < task.max_attempts <= failures
    delay = 0 if final else retry_delay_ms(failures, task.retry_delay_ms, task.retry_backoff, jitter)
    return task.changed(
        now,
        lifecycle_status=TaskLifecycleStatus.FAILED.value,
        final=final,
        failures=failures,
        eligible_at=task.eligible_at if final else now + delay,
        error=error,
        runs=_closed(task, "failed", ended, started),
    )


def release(task: Task, now: int) -> Task:
    """The run's processes are confirmed gone; its slot is free and a next run may start."""
    return task.changed(now, released_at=now)


def hand_back(task: Task, now: int) -> Task:
    """A node gives up a run that had to leave, uncounted: Running → Created, Paused → Paused without node."""
    leave_for = _assignment(task).leave_for
    preempted = leave_for is not None and not leave_for.startswith("<")
    if preempted:
        # It had its turn: by its age it would take the place straight back from the task that it left for.
        return _given_back(task, now, "preempted", eligible_at=now)
    return _given_back(task, now, "drained")


# Moves of the monitor -------------------------------------------------------------------------------------------------


def lose(task: Task, now: int) -> Task:
    """The node of this attempt is gone: back to waiting, or given up as poison after too many losses.

    A task whose run had ended, or that was requeued meanwhile, only gets its slot released.
    """
    if task.final or stage_of(task) in (Stage.RETRYING, Stage.CREATED):
        return release(task, now)
    losses = task.losses + 1
    if losses < MAX_LOSSES:
        return _given_back(task, now, "lost", losses=losses)
    error = RunError(type="poison", message=f"{losses} runs were lost together with the process or node running them")
    return task.changed(
        now,
        lifecycle_status=TaskLifecycleStatus.FAILED.value,
        final=True,
        losses=losses,
        released_at=now,
        error=error,
        runs=_closed(task, "lost", now),
    )


def miss_deadline(task: Task, now: int) -> Task:
    """A task still, or again, waits at its deadline, which it must have: → Failed, final."""
    deadline = datetime.fromtimestamp((task.deadline_date_time or 0) / 1000, UTC).isoformat(timespec="milliseconds")
    return _given_up(task, now, RunError(type="deadline", message=f"it was not running at its deadline {deadline}"))


def forsake(task: Task, now: int, parent: str) -> Task:
    """A waiting task depends on `parent`, which will never be Finished: → Failed, final."""
    message = f"it depends on task {parent}, which failed for good or was cancelled"
    return _given_up(task, now, RunError(type="dependency", message=message))


# Moves of an operator -------------------------------------------------------------------------------------------------


class Refused(NamedTuple):
    """A move that the life cycle does not allow, and why, in words for the operator."""

    reason: str


def cancel(task: Task, now: int) -> Task | Refused:
    """Ends the task for good; a running process is stopped by its node, which then releases the slot."""
    stage = stage_of(task)
    if stage is Stage.CANCELLED:
        return task
    if task.final:
        return Refused(f"the task is {task.lifecycle_status} already")
    return task.changed(now, lifecycle_status=TaskLifecycleStatus.CANCELLED.value, final=True)


def requeue(task: Task, now: int) -> Task | Refused:
    """Runs a task that ended once more, failures and losses counted from zero; waiting tasks stay as they are.

    A task that had finished starts over; any other goes on from its latest checkpoint.
    """
    stage = stage_of(task)
    if stage is Stage.CREATED:
        return task
    if stage not in (Stage.RETRYING, Stage.FAILED, Stage.CANCELLED, Stage.FINISHED):
        return Refused(f"the task is {task.lifecycle_status}; only one that ended can be requeued")
    if 0 < (task.deadline_date_time or 0) <= now:
        return Refused("its deadline has passed; submit it again with another one")
    return task.changed(
        now,
        lifecycle_status=TaskLifecycleStatus.CREATED.value,
        final=False,
        failures=0,
        losses=0,
        requeues=task.requeues + 1,
        eligible_at=now,
        result=None,
        error=None,
        progress=None,
        checkpoint=None if stage is Stage.FINISHED else task.checkpoint,
    )


def pause(task: Task, now: int) -> Task | Refused:
    """Keeps a waiting task from starting, or suspends a running one, which keeps its slot."""
    stage = stage_of(task)
    if stage in (Stage.PAUSED, Stage.PARKED):
        return task
    if stage is Stage.ASSIGNING:
        return Refused("the task is just being assigned; pause it once it runs")
    if stage in (Stage.CREATED, Stage.RETRYING) and not task.is_released:
        return Refused("its last run is still stopping; pause it in a moment")
    if stage not in (Stage.CREATED, Stage.RETRYING, Stage.RUNNING):
        return Refused(f"the task is {task.lifecycle_status} already")
    return task.changed(now, lifecycle_status=TaskLifecycleStatus.PAUSED.value)


def resume(task: Task, now: int) -> Task | Refused:
    """Lets a paused task go on where it stopped: on its node, or back in the queue."""
    stage = stage_of(task)
    if stage is Stage.PAUSED:
        return task.changed(now, lifecycle_status=TaskLifecycleStatus.RUNNING.value)
    if stage is Stage.PARKED:
        return task.changed(now, lifecycle_status=TaskLifecycleStatus.CREATED.value)
    return Refused(f"the task is {task.lifecycle_status}, not Paused")


def replace_attachments(task: Task, now: int, *, attachments: Any) -> Task | Refused:
    """Gives a task that has not ended new attachments; a run of it is handed them live."""
    if task.final:
        return Refused(f"the task is {task.lifecycle_status} already")
    if task.attachments == attachments:
        return task
    return task.changed(now, attachments=attachments, attachments_rev=task.attachments_rev + 1)


def ask_to_leave(task: Task, now: int, *, leave_for: str) -> Task | Refused:
    """Asks the node of a run to stop it and hand it back; only the assignment changes, and the first request counts.

    `leave_for` is the id of the task that is to have its place, or a word in angle brackets when a node is drained.
    """
    if stage_of(task) not in (Stage.RUNNING, Stage.PAUSED) or task.assignment is None:
        return Refused("the task has no run that could leave")
    if task.assignment.leave_for is not None:
        return task
    return task.changed(now, assignment=task.assignment.model_copy(update={"leave_for": leave_for}))


# Parts ----------------------------------------------------------------------------------------------------------------


def _given_back(task: Task, now: int, outcome: str, **changes: int) -> Task:
    paused = task.lifecycle_status == TaskLifecycleStatus.PAUSED.value
    status = TaskLifecycleStatus.PAUSED if paused else TaskLifecycleStatus.CREATED
    given_back = {
        "lifecycle_status": status.value,
        "executor": None,
        "assignment": None,
        "released_at": now,
        # It had its turn already; a wall clock set back meanwhile must not make it wait for that moment again.
        "eligible_at": min(task.eligible_at, now),
        "runs": _closed(task, outcome, now),
    }
    return task.changed(now, **{**given_back, **changes})


def _given_up(task: Task, now: int, error: RunError) -> Task:
    return task.changed(now, lifecycle_status=TaskLifecycleStatus.FAILED.value, final=True, error=error)


def _closed(task: Task, outcome: str, ended: int, started: int | None = None) -> tuple[RunRecord, ...]:
    """The run records with the one of this attempt ended; made from the assignment if the run was never accepted."""
    runs = tuple(task.runs)
    end = {"running": started, "finished": ended, "outcome": outcome}
    if runs and runs[-1].attempt == task.attempt:
        return (*runs[:-1], runs[-1].model_copy(update=end))
    return (*runs, _record(task).model_copy(update=end))[-RUNS_KEPT:]


def _record(task: Task) -> RunRecord:
    """The record of the present attempt as it begins."""
    assignment = _assignment(task)
    return RunRecord(
        attempt=task.attempt,
        node=assignment.skald_id,
        submitted=task.create_date_time,
        assigned=assignment.assigned_at,
    )


def _assignment(task: Task) -> Assignment:
    if task.assignment is None:
        raise ValueError(f"task {task.id!r} has no assignment")
    return task.assignment
