"""What must happen in time, and not before its time, as functions over a history.

Bounds that hold "with the store up" are checked once faults have stopped and the leaders have found their feet; those
of nodes that fail, on the one clean failure at the end (the probe). `SLACK_S` is the way of some calls in calm weather.
"""

from collections import Counter
from collections.abc import Iterator, Set

from skalds.config.timings import Timings
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.planning.breaker import FAILURES_TO_OPEN
from skalds.planning.lifecycle import Stage, stage_of
from skalds.ports.worker_launcher import RunKey
from skalds.testing.simulation.history import (
    Died,
    Entered,
    History,
    LeaseMoved,
    Promised,
    SessionClosed,
    Updated,
    Version,
)
from skalds.testing.simulation.scenario import BRITTLE

Findings = Iterator[str]

SLACK_S = 0.25
FINDING_FEET_S = 15.0
"""After an outage: a lost leader is replaced within 5 s (L6), a failing duty tries again within 10 s (L7)."""

LOST_HINTS_S = 4.0
"""What lost hints may add: a slow re-read of the feed (1 s) and one of the node (2 s)."""

TIMINGS = Timings()


def leases_run_out(history: History) -> Findings:
    """S16: a lease that was not given back is taken over only when nobody has written it for a whole TTL."""
    ttl = TIMINGS.lease_ttl.total_seconds()
    for at, moved in history.of(LeaseMoved):
        taken = moved.before is not None and moved.before.holder and moved.after.term > moved.before.term
        if taken and at - moved.unchanged_since < ttl - 1e-6:
            yield f"{moved.after} was taken at {at:.3f}, {at - moved.unchanged_since:.3f} s after the last renewal"


def only_the_silent_are_lost(history: History) -> Findings:
    """S15, S16: a controller closes a session only if its process is gone or no beat has come for `lost`.

    A look shows what was so when the store was read, less than `suspect` ago (a longer gap starts all counting again),
    and silence is counted from look to look; so the silence may have been shorter by that, or have ended that long
    before the request to close was sent.
    """
    suspect = TIMINGS.suspect.total_seconds()
    least = TIMINGS.lost.total_seconds() - suspect
    for at, closed in history.of(SessionClosed):
        asked = closed.author.asked_at
        gaps = zip(closed.beats, [*closed.beats[1:], asked], strict=True)
        silence = max((min(asked, end) - begin for begin, end in gaps if end >= asked - suspect), default=0.0)
        if closed.author.role == "controller" and not closed.exited and silence < least:
            yield f"{closed} at {at:.3f} after at most {silence:.3f} s of silence"


def assignments_get_their_time(history: History) -> Findings:
    """S16: an assignment to an open session is taken back only after the whole time to accept it.

    That time begins when the dispatcher sends the claim, as `acceptBy` says, not when the store commits it.
    """
    accept, closed = TIMINGS.accept.total_seconds(), set()
    assigned: dict[RunKey, float] = {}
    for at, event in history.events:
        if isinstance(event, SessionClosed):
            closed.add(event.session)
        if not isinstance(event, Version) or event.before is None:
            continue
        before, after = event.before, event.after
        if event.author.call == "claim":
            assigned[_key(after)] = event.author.asked_at
        elif stage_of(before) is Stage.ASSIGNING and event.author.role == "controller" and before.assignment:
            waited = at - assigned[_key(before)]
            if before.assignment.session not in closed and waited < accept - 1e-6:
                yield f"{_key(before)} was taken back at {at:.3f} after {waited:.3f} s"


def assigning_is_left(history: History) -> Findings:
    """L1: Assigning is left by `acceptBy` + 1 s, once leaders and nodes have had time to recover from the faults."""
    since = calm_of(history) + FINDING_FEET_S
    bound = TIMINGS.accept.total_seconds() + 1 + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    for task_id, versions in history.versions().items():
        for (at, version), (left, _) in zip(versions, [*versions[1:], (end_of(history), None)], strict=True):
            assigning = version.after.lifecycle_status == TaskLifecycleStatus.ASSIGNING.value
            if assigning and at >= since and left - at > bound:
                yield f"{task_id} was Assigning from {at:.3f} to {left:.3f}"


def tasks_of_a_lost_node_run_elsewhere(history: History) -> Findings:
    """L2: the tasks of the node that fails in the probe enter user code elsewhere within 12 s, 2 s if its process died.

    Lost hints cost latency; then `LOST_HINTS_S` is added. Where a breaker may be open on another node there may be no
    room elsewhere.
    """
    probe = history.probe
    if probe is None or probe.at < calm_of(history) or not probe.tasks:
        return
    if any(node != probe.victim and name != BRITTLE for node, name in shaky_places(history)):
        return
    bound = (2.0 if probe.how == "crash" else 12.0) + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    elsewhere = {
        entered.key.task_id
        for at, entered in history.of(Entered)
        if entered.node != probe.victim and probe.at < at <= probe.at + bound
    }
    ended = {version.after.id for at, version in history.of(Version) if version.after.final and at < probe.at + bound}
    for task_id in probe.tasks:
        if task_id not in elsewhere | ended:
            yield f"{task_id} runs nowhere else {bound} s after {probe.victim} {probe.how} at {probe.at:.3f}"


def shaky_places(history: History) -> Set[tuple[str | None, str]]:
    """The nodes and classes of which enough runs failed to open a breaker."""
    failed = Counter(
        (version.after.executor, version.after.class_name)
        for _, version in history.of(Version)
        if version.before is not None and version.after.failures > version.before.failures
    )
    return {place for place, count in failed.items() if count >= FAILURES_TO_OPEN}


def stale_runs_end(history: History) -> Findings:
    """S2 for tasks that are not exclusive: a run that was given away is gone 1 s after its node heard of it.

    Hearing is the first answer, in calm weather, to a reading of its rows or its session made after the run was
    released by the monitor. Exclusive tasks are not built yet.
    """
    released = {
        _key(version.before): at
        for at, version in history.of(Version)
        if version.author.role == "controller" and version.before and version.after.released_at is not None
    }
    died = {(died.key, died.process): at for at, died in history.of(Died)}
    for _, entered in history.of(Entered):
        if entered.key not in released:
            continue
        since = max(released[entered.key], calm_of(history))
        heard = next(
            (at for at, contact in history.contacts if contact.process == entered.process and contact.read_at > since),
            None,
        )
        gone = died.get((entered.key, entered.process), end_of(history))
        if heard is not None and gone > heard + 1 + SLACK_S:
            yield f"{entered.key} on {entered.process} was heard of at {heard:.3f} and lived until {gone:.3f}"


def ended_runs_are_recorded(history: History) -> Findings:
    """L3: in calm weather, a run whose process is gone while its node lives gives its slot back within 1 s."""
    since = calm_of(history) + FINDING_FEET_S
    victims = {history.probe.victim} if history.probe else set()
    entered = {(entered.key, entered.process): entered.node for _, entered in history.of(Entered)}
    free = {_key(version.after): at for at, version in history.of(Version) if not version.after.holds_slot}
    for at, died in history.of(Died):
        node = entered.get((died.key, died.process))
        if at < since or node is None or node in victims:
            continue
        if free.get(died.key, end_of(history)) > at + 1 + SLACK_S and end_of(history) > at + 1:
            yield f"{died.key} was gone at {at:.3f} and held its slot until {free.get(died.key)}"


def cancelled_runs_end(history: History) -> Findings:
    """L4: in calm weather, the process of a cancelled run is gone after the grace and 1 s, unless its node failed."""
    bound = TIMINGS.cancel_grace.total_seconds() + 1 + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    victims = {history.probe.victim} if history.probe else set()
    died = {died.key: at for at, died in history.of(Died)}
    entered = {entered.key: entered for _, entered in history.of(Entered)}
    for at, promise in history.of(Promised):
        run = entered.get(_key(promise.task))
        if promise.what != "cancel" or at < calm_of(history) + FINDING_FEET_S or run is None or run.node in victims:
            continue
        if died.get(run.key, end_of(history)) > at + bound:
            yield f"{run.key} was cancelled at {at:.3f} and lived until {died.get(run.key)}"


def limits_of_runs_are_enforced(history: History) -> Findings:
    """L5: in calm weather a run over its `timeoutMs` is asked to stop within 1 s, and killed after the grace.

    Paused time does not count; runs that were paused, and nodes that fail, are left out.
    """
    rows = history.versions()
    victims = {history.probe.victim} if history.probe else set()
    died = {(died.key, died.process): at for at, died in history.of(Died)}
    for at, entered in history.of(Entered):
        versions = [version.after for _, version in rows[entered.key.task_id]]
        mine = [task for task in versions if task.attempt == entered.key.attempt]
        limit = mine[0].timeout_ms / 1000
        paused = any(task.lifecycle_status == TaskLifecycleStatus.PAUSED.value for task in mine)
        if not limit or paused or at < _well_since(history) or entered.node in victims:
            continue
        bound = limit + 1 + SLACK_S + min(entered.dies_within, TIMINGS.cancel_grace.total_seconds())
        if died.get((entered.key, entered.process), end_of(history)) > at + bound:
            yield f"{entered.key} entered user code at {at:.3f} with a limit of {limit} s and lived longer than {bound}"


def leaders_are_replaced(history: History) -> Findings:
    """L6: the leases of a controller that fails in the probe have another holder within 5 s, 1 s if it resigned."""
    probe = history.probe
    if probe is None or probe.tasks or not probe.victim.startswith("c"):
        return
    bound = (1.0 if probe.how == "stop" else 5.0) + SLACK_S
    holders: dict[str, str] = {}
    taken: dict[str, float] = {}
    for at, moved in history.of(LeaseMoved):
        if at <= probe.at:
            holders[moved.after.duty] = moved.after.holder
        elif moved.after.holder and not moved.after.holder.startswith(probe.victim):
            taken.setdefault(moved.after.duty, at)
    for duty, holder in holders.items():
        late = taken.get(duty, float("inf")) > probe.at + bound
        if holder.startswith(f"{probe.victim}#") and late:
            yield f"{duty} had no other leader {bound} s after {holder} {probe.how} at {probe.at:.3f}"


def updates_arrive(history: History) -> Findings:
    """In calm weather a run is handed new attachments within 1 s of the answer, if it lives so long."""
    bound = 1.0 + SLACK_S + (0.0 if history.hints_arrive else LOST_HINTS_S)
    victims = {history.probe.victim} if history.probe else set()
    died = {died.key: at for at, died in history.of(Died)}
    entered = {entered.key: (at, entered.node) for at, entered in history.of(Entered)}
    handed = [(at, updated) for at, updated in history.of(Updated)]
    for at, promise in history.of(Promised):
        key = _key(promise.task)
        began, node = entered.get(key, (float("inf"), ""))
        if promise.what != "attachments" or at < calm_of(history) or began > at or node in victims:
            continue
        got = any(updated.key == key and moment <= at + bound for moment, updated in handed)
        if not got and died.get(key, end_of(history)) > at + bound and promise.task.lifecycle_status == "Running":
            yield f"{key} was not handed the attachments of {at:.3f} within {bound} s"


def nodes_are_not_overloaded(history: History) -> Findings:
    """S11: the runs in user code on one session of a node never take more slots than the node has."""
    running: dict[tuple[RunKey, str], int] = {}
    for at, event in history.events:
        if isinstance(event, Entered):
            running[event.key, event.process] = event.slots
            used = sum(slots for (_, process), slots in running.items() if process == event.process)
            if used > event.capacity:
                yield f"{event.process} used {used} of {event.capacity} slots at {at:.3f}"
        elif isinstance(event, Died):
            running.pop((event.key, event.process), None)


def releases_are_true(history: History) -> Findings:
    """S6: a node says that a run's processes are gone only when they are, and none of them starts afterwards."""
    alive: set[RunKey] = set()
    released: set[RunKey] = set()
    for at, event in history.events:
        if isinstance(event, Entered):
            alive.add(event.key)
            if event.key in released:
                yield f"{event.key} entered user code at {at:.3f} after its node had released it"
        elif isinstance(event, Died):
            alive.discard(event.key)
        elif isinstance(event, Version) and event.author.role == "node" and event.before and event.before.holds_slot:
            if event.after.holds_slot:
                continue
            released.add(_key(event.before))
            if _key(event.before) in alive:
                yield f"{_key(event.before)} was released at {at:.3f} while its process lived"


def _key(task: Task) -> RunKey:
    return RunKey(task.id, task.attempt)


def _well_since(history: History) -> float:
    healthy = float("inf") if history.healthy_since is None else history.healthy_since
    return min(calm_of(history) + FINDING_FEET_S, healthy)


def calm_of(history: History) -> float:
    """When faults stopped."""
    return float("inf") if history.calm_since is None else history.calm_since


def end_of(history: History) -> float:
    """When the last thing happened."""
    return history.events[-1][0]
