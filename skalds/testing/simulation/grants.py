"""What may be given away, and what must be: limits, capacity, order and shares, as functions over a history."""

from collections.abc import Iterator, Set

from skalds.model.lane import LaneKey, lane_key
from skalds.model.policy import DEFAULT_KEY_LIMIT, TenantPolicy
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.planning.filters import open_slots, refusal
from skalds.testing.builders import A_MOMENT
from skalds.testing.simulation.bounds import LOST_HINTS_S, SLACK_S, Findings, end_of, shaky_places
from skalds.testing.simulation.history import (
    Author,
    History,
    SessionClosed,
    SessionLeaving,
    SessionOpened,
    SettingChanged,
    Version,
)
from skalds.testing.simulation.scenario import BRITTLE
from skalds.testing.simulation.standing import PAUSED, Book, Standing, replay

_IDLE_S = 1.0
_TELLING = (Version, SessionOpened, SessionClosed, SessionLeaving, SettingChanged)
_FINISHED = TaskLifecycleStatus.FINISHED.value
_ENDED_BADLY = (TaskLifecycleStatus.FAILED.value, TaskLifecycleStatus.CANCELLED.value)


def _claims(history: History) -> Iterator[tuple[float, Author, Task, Task, Standing]]:
    """Each assignment: when, by whom, the row before and after, and what stands then."""
    for at, event, standing in replay(history):
        if isinstance(event, Version) and event.author.call == "claim" and event.before is not None:
            yield at, event.author, event.before, event.after, standing


def closed_nodes_get_nothing(history: History) -> Findings:
    """S10: nothing is given away while dispatching is paused, nor to a node that is cordoned, draining or leaving.

    What was set at run time counts from when the controller that gives away must have read it.
    """
    book = Book(history)
    for at, author, _, after, standing in _claims(history):
        assignment = after.assignment
        if assignment is None or assignment.session in standing.left:
            yield f"{after.id} was given at {at:.3f} to a session that takes nothing more: {assignment}"
        elif book.closes(assignment.skald_id, author):
            yield f"{after.id} was given at {at:.3f} to {assignment.skald_id}, which is cordoned"
        if book.rests(author):
            yield f"{after.id} was given away at {at:.3f} while dispatching was paused"


def limits_are_kept(history: History) -> Findings:
    """S11: no start takes a tenant or a concurrency key over the limit that the controller must have known."""
    book = Book(history)
    for at, author, _, after, standing in _claims(history):
        limit, running = book.tenant(after.tenant, author), standing.running(after.tenant)
        if limit is not None and running > limit:
            yield f"{after.id} at {at:.3f} is run {running} of tenant {after.tenant}, which may have {limit}"
        key = after.concurrency_key
        if key is not None and (running := standing.running_with(key)) > (limit := book.key(key, author)):
            yield f"{after.id} at {at:.3f} is run {running} of key {key}, which may have {limit}"


def capacity_is_kept(history: History) -> Findings:
    """S11: what is given to a session never takes more slots or resources than the node has open for that priority."""
    for at, _, _, after, standing in _claims(history):
        if after.assignment is None:
            continue
        view = standing.view(after.assignment.skald_id, after.assignment.session)
        if view.used_slots > open_slots(view, after.priority):
            yield f"{view.id} had {view.used_slots} slots given away with {after.id} at {at:.3f}"
        if not view.used_resources.fits_in(view.resources):
            yield f"{view.id} had {view.used_resources} given away with {after.id} at {at:.3f}"
        if (why := refusal(view, lane_key(after))) is not None and not view.cordoned:
            yield f"{after.id} was given to {view.id} at {at:.3f} in spite of {why}"


def parents_come_first(history: History) -> Findings:
    """S12: no attempt is given away before everything the task depends on has been Finished once."""
    finished: set[str] = set()
    for at, event, _ in replay(history):
        if not isinstance(event, Version):
            continue
        if event.after.lifecycle_status == _FINISHED:
            finished.add(event.after.id)
        if event.author.call == "claim" and (missing := set(event.after.dependencies or ()) - finished):
            yield f"{event.after.id} was given away at {at:.3f} before {sorted(missing)} had finished"


def moments_are_kept(history: History) -> Findings:
    """Nothing starts past its deadline by the leader's clock, nor, where all clocks are right, before its moment."""
    for at, _, before, after, _ in _claims(history):
        assigned = after.assignment.assigned_at if after.assignment else 0
        if after.deadline_date_time and assigned >= after.deadline_date_time:
            yield f"{after.id} was given away at {at:.3f}, past its deadline"
        if not history.clocks_jumped and before.eligible_at > A_MOMENT + round(at * 1000) + 1:
            yield f"{after.id} was given away at {at:.3f}, before its moment"


def hopeless_tasks_end(history: History) -> Findings:
    """In calm weather a task that waits past its deadline, or for one that has ended badly, ends within 1 s."""
    if history.healthy_since is None:
        return
    bound = 1.0 + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    since: dict[str, float] = {}
    for at, event, standing in replay(history):
        if at < history.healthy_since or at > _healthy_until(history):
            continue
        if isinstance(event, Version):
            hopeless = {task.id for task in standing.rows.values() if _is_hopeless(task, standing)}
            since = {task_id: since.get(task_id, at) for task_id in hopeless}
        for task_id, moment in since.items():
            if at - moment > bound:
                yield f"{task_id} still waits at {at:.3f} for what ended badly at {moment:.3f}"
                return


def _is_hopeless(task: Task, standing: Standing) -> bool:
    parents = [standing.rows[id_] for id_ in task.dependencies or () if id_ in standing.rows]
    return task.is_waiting and any(p.final and p.lifecycle_status in _ENDED_BADLY for p in parents)


def nothing_waits_beside_room(history: History) -> Findings:
    """L7, L8: once all is well, no task waits for more than 1 s while a node has room and no limit forbids it.

    A class that failed often on a node is left out there, as its breaker may be open. Lost hints cost latency.
    """
    if history.healthy_since is None:
        return
    bound = _IDLE_S + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    freed, shaky = _freed(history), shaky_places(history)
    since: dict[str, float] = {}
    until = _healthy_until(history)
    for at, event, standing in replay(history):
        if not history.healthy_since <= at <= until or not isinstance(event, _TELLING):
            continue
        for task_id, moment in since.items():
            if at - moment > bound:
                yield f"{task_id} waited beside a free slot from {moment:.3f} to {at:.3f}"
                return
        able = [task for task in standing.rows.values() if _could_run(task, standing, at, freed, shaky)]
        since = {task.id: since.get(task.id, at) for task in able}


def _freed(history: History) -> dict[str, float]:
    """When each task was Finished for the first time."""
    moments: dict[str, float] = {}
    for at, version in history.of(Version):
        if version.after.lifecycle_status == _FINISHED:
            moments.setdefault(version.after.id, at)
    return moments


def _could_run(
    task: Task, standing: Standing, at: float, finished: dict[str, float], shaky: Set[tuple[str | None, str]]
) -> bool:
    if not task.is_waiting or task.class_name == BRITTLE or standing.settings.get(PAUSED) == "true":
        return False
    if task.eligible_at > A_MOMENT + at * 1000 or any(finished.get(id_, at) >= at for id_ in task.dependencies or ()):
        return False
    key = lane_key(task)
    if _is_limited(key, standing):
        return False
    views = (standing.view(node, session) for node, session in standing.sessions.items())
    return any(
        (view.id, key.class_name) not in shaky
        and refusal(view, key) is None
        and view.used_slots + key.slots <= open_slots(view, key.priority)
        and view.used_resources.plus(key.resources).fits_in(view.resources)
        for view in views
    )


def _is_limited(key: LaneKey, standing: Standing, late: int = 0) -> bool:
    """Whether a limit holds this lane back, if so many runs of its tenant count that have ended."""
    limit = standing.policies.tenants.get(key.tenant, TenantPolicy()).max_running
    if limit is not None and standing.running(key.tenant) + late >= limit:
        return True
    name = key.concurrency_key
    return name is not None and standing.running_with(name) >= standing.policies.keys.get(name, DEFAULT_KEY_LIMIT)


def shares_are_fair(history: History) -> Findings:
    """P2: once all is well, a tenant gets a slot only if nobody who waits for the same has less for his weight.

    Less by more than one task of each. Judged by whole batches, for tasks that had waited for a moment before; and what
    was released a moment ago counts as used, since the controller may not have known.
    """
    if history.healthy_since is None:
        return
    moment = SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    released: list[tuple[float, str]] = []
    batch: list[Task] = []
    begun, waiting = 0.0, list[Task]()
    for at, event, standing in replay(history):
        if isinstance(event, Version) and event.before and event.before.holds_slot and not event.after.holds_slot:
            released.append((at, event.after.tenant))
        is_claim = isinstance(event, Version) and event.author.call == "claim"
        if batch and (at > begun or not is_claim):
            late = [tenant for when, tenant in released if when > begun - moment]
            due = A_MOMENT + (begun - moment) * 1000
            yield from _wronged(batch, [task for task in waiting if task.eligible_at <= due], standing, late)
            batch = []
        if not history.healthy_since <= at <= _healthy_until(history) or not isinstance(event, Version):
            continue
        if is_claim:
            begun, batch = at, [*batch, event.after]
        else:
            waiting = [task for task in standing.rows.values() if task.is_waiting]


def _wronged(batch: list[Task], waiting: list[Task], standing: Standing, late: list[str]) -> Findings:
    """Who still waits after this batch and should have been served before somebody in it."""
    for loser in waiting:
        mine = lane_key(loser)
        if not standing.rows[loser.id].is_waiting or _is_limited(mine, standing, late.count(mine.tenant)):
            continue
        for winner in batch:
            others = lane_key(winner)
            rivals = mine.tenant != others.tenant and mine._replace(tenant=others.tenant) == others
            if rivals and _use(others, standing, []) - _use(mine, standing, late) > _one_each(mine, others, standing):
                yield f"{winner.id} of {winner.tenant} was served before {loser.id} of {loser.tenant}"


def _use(key: LaneKey, standing: Standing, late: list[str]) -> float:
    return (standing.running(key.tenant) + late.count(key.tenant)) / _weight(key, standing)


def _one_each(mine: LaneKey, others: LaneKey, standing: Standing) -> float:
    return 1 / _weight(mine, standing) + 1 / _weight(others, standing) + 1e-9


def _weight(key: LaneKey, standing: Standing) -> float:
    return standing.policies.tenants.get(key.tenant, TenantPolicy()).weight


def nothing_is_overlooked(history: History) -> Findings:
    """L8: the watchdogs of the controllers find nothing overlooked while all is well."""
    if history.stalled:
        yield f"{history.stalled} tasks were found overlooked"


def _healthy_until(history: History) -> float:
    ends = [end_of(history)]
    ends += [history.probe.at] if history.probe else []
    ends += [history.clocks_wrong_since] if history.clocks_wrong_since is not None else []
    return min(ends)
