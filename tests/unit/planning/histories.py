"""Random histories of one task: every move that some caller could make, in any order."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st

from skalds.model.task import Assignment, RunError, Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Actor, Refused, Stage, stage_of
from skalds.testing import a_task

AN_ERROR = RunError(type="ValueError", message="no")


class Step(NamedTuple):
    """A version of the task, the move that made the next one, and who made it."""

    before: Task
    after: Task
    move: str
    actor: Actor


class Maker(NamedTuple):
    """A move, who makes it, and whether a caller would make it for this task at this moment."""

    actor: Actor
    may: Callable[[Task, int], bool]
    make: Callable[[Task, int], Task | Refused]


def assign(task: Task, now: int) -> Task:
    """What a claim writes."""
    assignment = Assignment(
        id=f"claim-{task.rev}", skald_id="node-1", session=1, term=1, assigned_at=now, accept_by=now + 5000
    )
    return task.changed(
        now,
        lifecycle_status="Assigning",
        attempt=task.attempt + 1,
        executor="node-1",
        assignment=assignment,
        released_at=None,
    )


def finish(task: Task, now: int) -> Task:
    return lifecycle.finish(task, now, result={"n": 1}, started=now, ended=now)


def fail(task: Task, now: int) -> Task:
    return lifecycle.fail(task, now, error=AN_ERROR, started=now, ended=now, jitter=0.5)


def _is_due(task: Task, now: int) -> bool:
    return task.is_waiting and task.eligible_at <= now


def _in(*stages: Stage) -> Callable[[Task, int], bool]:
    return lambda task, now: stage_of(task) in stages


def _waits(task: Task, now: int) -> bool:
    return task.is_waiting


def _runs_here(task: Task, now: int) -> bool:
    return task.holds_slot and stage_of(task) in (Stage.RUNNING, Stage.PAUSED)


def _holds_slot(task: Task, now: int) -> bool:
    return task.holds_slot


def _processes_may_be_gone(task: Task, now: int) -> bool:
    return task.holds_slot and stage_of(task) not in (Stage.ASSIGNING, Stage.RUNNING, Stage.PAUSED)


def _always(task: Task, now: int) -> bool:
    return True


MAKERS: Mapping[str, Maker] = {
    "assign": Maker(Actor.DISPATCHER, _is_due, assign),
    "accept": Maker(Actor.NODE, _in(Stage.ASSIGNING), lifecycle.accept),
    "refuse": Maker(Actor.NODE, _in(Stage.ASSIGNING), lifecycle.refuse),
    "take back": Maker(Actor.MONITOR, _in(Stage.ASSIGNING), lifecycle.refuse),
    "finish": Maker(Actor.NODE, _runs_here, finish),
    "fail": Maker(Actor.NODE, _runs_here, fail),
    "hand back": Maker(Actor.NODE, _runs_here, lifecycle.hand_back),
    "release": Maker(Actor.NODE, _processes_may_be_gone, lifecycle.release),
    "lose": Maker(Actor.MONITOR, _holds_slot, lifecycle.lose),
    "ask to leave": Maker(Actor.MONITOR, _always, partial(lifecycle.ask_to_leave, leave_for="urgent")),
    "miss deadline": Maker(Actor.MONITOR, _waits, lifecycle.miss_deadline),
    "forsake": Maker(Actor.MONITOR, _waits, partial(lifecycle.forsake, parent="other")),
    "cancel": Maker(Actor.OPERATOR, _always, lifecycle.cancel),
    "requeue": Maker(Actor.OPERATOR, _always, lifecycle.requeue),
    "pause": Maker(Actor.OPERATOR, _always, lifecycle.pause),
    "resume": Maker(Actor.OPERATOR, _always, lifecycle.resume),
}

# Ends are common and operators rare in life; here every move is wanted, but long lives too.
_LIKELY = [*MAKERS, *"assign accept fail lose pause resume release".split(), *"assign accept lose requeue".split()]

scripts = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 700_000)), min_size=10, max_size=40)
tasks = st.builds(
    lambda most, delay, losses: a_task(max_attempts=most, retry_delay_ms=delay, losses=losses),
    st.integers(0, 4),
    st.integers(0, 5000),
    st.integers(0, 4),
)


def history(task: Task, script: list[tuple[int, int]]) -> Iterator[Step]:
    """Lets time pass and makes, at each entry of `script`, one of the moves possible then; yields every new version."""
    now = task.eligible_at
    for choice, passing in script:
        now += passing
        steps = {move: step for move in MAKERS if (step := _step(task, move, now)) is not None}
        possible = [move for move in _LIKELY if move in steps]
        if possible:
            step = steps[possible[choice % len(possible)]]
            yield step
            task = step.after


def _step(task: Task, move: str, now: int) -> Step | None:
    actor, may, make = MAKERS[move]
    after = make(task, now) if may(task, now) else task
    return None if isinstance(after, Refused) or after is task else Step(task, after, move, actor)
