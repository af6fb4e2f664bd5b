"""What must never break, as functions over a history; each returns what it found wrong, in words.

A docstring says how a statement of the design is read where it leaves room.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from skalds.model.submission import submission_digest
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.planning.lifecycle import LIFE_CYCLE, MAX_LOSSES, Actor, Stage, is_allowed, stage_of
from skalds.testing.simulation import bounds, grants
from skalds.testing.simulation.history import (
    Asked,
    Crashed,
    Entered,
    History,
    Promised,
    SessionOpened,
    StaleBatch,
    Version,
)
from skalds.testing.simulation.observed_store import ObservedStore

if TYPE_CHECKING:
    from skalds.ports.worker_launcher import RunKey

Findings = Iterator[str]

_FREE_AFTER_THE_END = {"released_at", "usage", "rev", "update_date_time"}
_ROLES = {"node": {Actor.NODE}, "controller": {Actor.DISPATCHER, Actor.MONITOR}, "client": {Actor.OPERATOR}}


def violations(history: History, store: ObservedStore, submitted: Mapping[str, Task]) -> list[str]:
    """Everything that is wrong with one simulated life; empty if nothing is."""
    found = [f"{name}: {text}" for name, check in CHECKS.items() for text in check(history)]
    found += [f"S4: {text}" for text in submits_are_kept(history, store, submitted)]
    return found


def one_start_per_attempt(history: History) -> Findings:
    """S1: at most one process enters user code per (task, attempt), and only after that attempt was accepted."""
    seen: dict[RunKey, Entered] = {}
    for _, entered in history.of(Entered):
        if entered.key in seen:
            yield f"{entered.key} entered user code on {seen[entered.key].process} and on {entered.process}"
        seen[entered.key] = entered


def versions_follow_each_other(history: History) -> Findings:
    """S3: every version replaces exactly the one before it, so no refused or stale write has left a trace."""
    for task_id, versions in history.versions().items():
        previous: Task | None = None
        for at, version in versions:
            if version.before is not previous or (previous and version.after.rev != previous.rev + 1):
                yield f"{task_id} rev {version.after.rev} at {at:.3f} does not follow the version before it"
            previous = version.after


def only_the_owner_writes(history: History) -> Findings:
    """S3: a node writes only rows whose present attempt was assigned to a session that this very process opened."""
    sessions = {session.session: session.author.process for _, session in history.of(SessionOpened)}
    for at, version in history.of(Version):
        if version.author.role != "node" or version.before is None or _is_freed(version.before, version.after):
            continue
        before, assignment = version.before, version.before.assignment
        owner = sessions.get(assignment.session) if assignment else None
        if owner != version.author.process or version.after.attempt != before.attempt:
            writer = version.author.process
            yield f"{before.id} rev {version.after.rev} at {at:.3f} was written by {writer}, not {owner}"


def submits_are_kept(history: History, store: ObservedStore, submitted: Mapping[str, Task]) -> Findings:
    """S4: no acknowledged submit is lost or changed; no row exists that nobody asked for."""
    asked = {event.task_id for _, event in history.of(Asked) if event.what == "submit"}
    for task in submitted.values():
        row = store.rows.get(task.id)
        if row is None:
            yield f"{task.id} was acknowledged and is gone"
        elif submission_digest(_as_submitted(row, task)) != submission_digest(task):
            yield f"{task.id} is not what was submitted"
    for task_id in store.rows.keys() - asked:
        yield f"{task_id} was never submitted"


def _as_submitted(row: Task, task: Task) -> Task:
    """The row without what was changed on purpose since."""
    attachments = task.attachments if row.attachments_rev > task.attachments_rev else row.attachments
    return row.model_copy(update={"executor": task.executor, "attachments": attachments})


def one_task_per_key(history: History) -> Findings:
    """S5: every submit with the same key and the same body is answered with the same task."""
    tasks: dict[str, str] = {}
    for _, promise in history.of(Promised):
        key = promise.task.idempotency_key
        if promise.what == "submit" and key is not None and tasks.setdefault(key, promise.task.id) != promise.task.id:
            yield f"{key} was answered with {tasks[key]} and with {promise.task.id}"


def final_is_final(history: History) -> Findings:
    """S6: a final row is frozen but for the fields of its end, until a requeue; no attempt is given before release."""
    for task_id, at, before, version in _steps(history):
        after = version.after
        if before.final and not _is_requeue(before, after):
            changed = {name for name in Task.model_fields if getattr(before, name) != getattr(after, name)}
            if changed - _FREE_AFTER_THE_END:
                yield f"{task_id} changed {sorted(changed)} at {at:.3f} after its end"
        if after.attempt != before.attempt and not before.is_released:
            yield f"{task_id} attempt {after.attempt} was assigned at {at:.3f} before the run before was released"


def moves_are_allowed(history: History) -> Findings:
    """S7: adjacent versions are in the life cycle, made by one who may; attempts grow by one, by assignment only."""
    by: dict[tuple[Stage, Stage], set[Actor]] = {}
    for move in LIFE_CYCLE:
        by.setdefault((move.source, move.target), set()).update(move.actors)
    for task_id, at, before, version in _steps(history):
        after, source, target = version.after, stage_of(before), stage_of(version.after)
        if not is_allowed(before, after):
            yield f"{task_id} went from {source} to {target} at {at:.3f}"
        elif source is not target and not _ROLES[version.author.role] & by[source, target]:
            yield f"{task_id} was moved from {source} to {target} at {at:.3f} by a {version.author.role}"
        if after.attempt - before.attempt != (target is Stage.ASSIGNING and source is not target):
            yield f"{task_id} went from attempt {before.attempt} to {after.attempt} at {at:.3f}"


def counts_are_bounded(history: History) -> Findings:
    """S8: `failures` ≤ `max_attempts` and `losses` ≤ 5, and reaching either is the end."""
    for at, version in history.of(Version):
        task = version.after
        used_up = 0 < task.max_attempts <= task.failures or task.losses >= MAX_LOSSES
        if task.failures > task.max_attempts > 0 or task.losses > MAX_LOSSES or (used_up and not task.final):
            yield f"{task.id} has failures={task.failures} losses={task.losses} final={task.final} at {at:.3f}"


def cancel_is_kept(history: History) -> Findings:
    """S9: after an acknowledged cancel no attempt is assigned or accepted, and the outcome stays, until a requeue.

    A run accepted before the cancel may still reach user code if its node has not heard of the cancel; it is stopped.
    """
    rows = history.versions()
    for at, promise in history.of(Promised):
        if promise.what != "cancel":
            continue
        for later, version in rows.get(promise.task.id, []):
            if version.after.rev <= promise.task.rev:
                continue
            if version.before is not None and _is_requeue(version.before, version.after):
                break
            if version.after.lifecycle_status != TaskLifecycleStatus.CANCELLED.value:
                yield f"{version.after.id} is {version.after.lifecycle_status} at {later:.3f}, cancelled at {at:.3f}"
                break


def only_the_leader_commits(history: History) -> Findings:
    """S13: a claim or a write of the monitor lands only while its term is the present one, held by its author."""
    for at, batch in history.of(StaleBatch):
        yield f"{batch} at {at:.3f}"
    for at, version in history.of(Version):
        author, assignment = version.author, version.after.assignment
        if author.role != "controller":
            continue
        lease = author.lease
        stored = version.leases.get(lease.duty) if lease else None
        if lease is None or stored is None or (stored.term, stored.holder) != (lease.term, author.process):
            yield f"{version.after.id} at {at:.3f} was written by {author.process} under {lease}, stored is {stored}"
        elif author.call == "claim" and (assignment is None or assignment.term != stored.term):
            yield f"{version.after.id} at {at:.3f} was assigned in term {assignment and assignment.term}"


def nothing_crashed(history: History) -> Findings:
    """S15, S19: no failed call, crash or restart leads to an exception that nobody handles."""
    for at, crashed in history.of(Crashed):
        yield f"{crashed.text} at {at:.3f}"


def everything_ended(history: History) -> Findings:
    """S14, S15, S19: once faults have stopped, every task ends and gives back its slot, whatever happened before."""
    for task_id in history.unsettled:
        yield f"{task_id} has not ended in time"


def _steps(history: History) -> Iterator[tuple[str, float, Task, Version]]:
    for at, version in history.of(Version):
        if version.before is not None:
            yield version.after.id, at, version.before, version


def _is_freed(before: Task, after: Task) -> bool:
    """Whether this follows from the end of a dependency, which is written by whoever ends it."""
    return before.is_waiting and after == before.model_copy(
        update={name: getattr(after, name) for name in ("rev", "update_date_time", "eligible_at")}
    )


def _is_requeue(before: Task, after: Task) -> bool:
    return after.requeues == before.requeues + 1 and after.lifecycle_status == TaskLifecycleStatus.CREATED.value


CHECKS: Mapping[str, Callable[[History], Findings]] = {
    "S1": one_start_per_attempt,
    "S3": versions_follow_each_other,
    "S3 owner": only_the_owner_writes,
    "S5": one_task_per_key,
    "S6": final_is_final,
    "S7": moves_are_allowed,
    "S8": counts_are_bounded,
    "S9": cancel_is_kept,
    "S13": only_the_leader_commits,
    "S15": nothing_crashed,
    "S19": everything_ended,
    "S16 leases": bounds.leases_run_out,
    "S16 liveness": bounds.only_the_silent_are_lost,
    "S16 acceptance": bounds.assignments_get_their_time,
    "S6 release": bounds.releases_are_true,
    "S2": bounds.stale_runs_end,
    "S11": bounds.nodes_are_not_overloaded,
    "S10": grants.closed_nodes_get_nothing,
    "S11 limits": grants.limits_are_kept,
    "S11 capacity": grants.capacity_is_kept,
    "S12": grants.parents_come_first,
    "S12 end": grants.hopeless_tasks_end,
    "moments": grants.moments_are_kept,
    "P2": grants.shares_are_fair,
    "L5": bounds.limits_of_runs_are_enforced,
    "L6": bounds.leaders_are_replaced,
    "L8": grants.nothing_waits_beside_room,
    "L8 watchdog": grants.nothing_is_overlooked,
    "updates": bounds.updates_arrive,
    "L1": bounds.assigning_is_left,
    "L2": bounds.tasks_of_a_lost_node_run_elsewhere,
    "L3": bounds.ended_runs_are_recorded,
    "L4": bounds.cancelled_runs_end,
}
