"""The breakers of all nodes and classes, kept from the change feed and this process's own clock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from skalds.model.run_change import RunChange
from skalds.model.task import TaskLifecycleStatus
from skalds.planning.breaker import AT_ONCE_S, CLOSED, Breaker, after_run
from skalds.ports.clock import Clock
from skalds.runtime.log_setup import log_event
from skalds.system_controller.usage import Session, Usage

_RUNNING = TaskLifecycleStatus.RUNNING.value
_FINISHED = TaskLifecycleStatus.FINISHED.value
_FAILED = TaskLifecycleStatus.FAILED.value
_NOT_OVER = frozenset({TaskLifecycleStatus.ASSIGNING.value, TaskLifecycleStatus.PAUSED.value})


class Trips(NamedTuple):
    """The classes a session gets no work of, and those of which one task may be tried."""

    tripped: frozenset[str]
    probing: frozenset[str]


NO_TRIPS = Trips(frozenset(), frozenset())


_Place = tuple[Session, str]


class _Started(NamedTuple):
    attempt: int
    since: float
    place: _Place
    reading: int


class Breakers:
    """How each class does on each session; a node that starts again starts with a clean sheet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._breakers: dict[_Place, Breaker] = {}
        self._started: dict[str, _Started] = {}
        self._started_at: defaultdict[_Place, dict[str, float]] = defaultdict(dict)
        """Since when each task runs, by place, the oldest first."""
        self._reading = 0
        self._read_at: float | None = None
        self._is_prompt = False
        """Whether the reading before the present one was a moment ago, so that what is told happened just now."""

    def follow(self, changes: Sequence[RunChange]) -> None:
        """Takes in what the feed tells; nothing means that it begins anew."""
        if not changes:
            self._started.clear()
            self._started_at.clear()
        now = self._clock.monotonic()
        self._is_prompt = self._read_at is not None and now - self._read_at < AT_ONCE_S
        self._reading, self._read_at = self._reading + 1, now
        for change in changes:
            self._follow_one(change, now)

    def trips(self, usage: Usage) -> Mapping[Session, Trips]:
        """What is kept from each session; a class is tried again only while nothing of it runs there."""
        if not self._breakers:
            return {}
        now = self._clock.monotonic()
        self._close_proven(now)
        found: dict[Session, Trips] = {}
        for (session, name), breaker in self._breakers.items():
            if breaker.is_closed:
                continue
            tripped, probing = found.get(session, NO_TRIPS)
            if breaker.is_probing(now) and not usage.of_class(session, name):
                found[session] = Trips(tripped, probing | {name})
            else:
                found[session] = Trips(tripped | {name}, probing)
        return found

    def next_probe(self) -> float | None:
        """Seconds until a breaker next lets a task try, or one that tries may have proven itself; None: neither."""
        now = self._clock.monotonic()
        ends = [breaker.open_until for breaker in self._breakers.values() if breaker.open_until is not None]
        return min((end - now if end > now else AT_ONCE_S for end in ends), default=None)

    def forget_all_but(self, sessions: set[Session]) -> None:
        """Drops what is kept of sessions that are over."""
        for key in [key for key in self._breakers if key[0] not in sessions]:
            del self._breakers[key]

    def _follow_one(self, change: RunChange, now: float) -> None:
        if change.status == _RUNNING and change.executor is not None:
            place = ((change.executor, change.session), change.class_name)
            known = self._started.get(change.task_id)
            if known is None or known.attempt != change.attempt:
                self._forget(change.task_id)
                self._started[change.task_id] = _Started(change.attempt, now, place, self._reading)
                self._started_at[place][change.task_id] = now
            return
        if change.status in _NOT_OVER and change.holds_slot:
            return
        started = self._forget(change.task_id)
        # A run that was cancelled, drained or lost says nothing about the class on this node.
        if started is None or started.attempt != change.attempt or change.status not in (_FAILED, _FINISHED):
            return
        failed = change.status == _FAILED
        # A start and a failure that were read together, and late, may lie far apart.
        if not failed or self._is_prompt or started.reading != self._reading:
            self._note(started.place, now, failed=failed, lasted=now - started.since)

    def _forget(self, task_id: str) -> _Started | None:
        started = self._started.pop(task_id, None)
        if started is not None:
            there = self._started_at[started.place]
            del there[task_id]
            if not there:
                del self._started_at[started.place]
        return started

    def _note(self, place: _Place, now: float, *, failed: bool, lasted: float) -> None:
        before = self._breakers.get(place, CLOSED)
        after = after_run(before, now, failed=failed, lasted=lasted)
        if after == CLOSED:
            self._breakers.pop(place, None)
        else:
            self._breakers[place] = after
        if after.open_until != before.open_until:
            (node, session), class_name = place
            state = "closed" if after.is_closed else "opened"
            level = "INFO" if after.is_closed else "WARNING"
            log_event(level, f"breaker.{state}", node=node, session=session, class_name=class_name)

    def _close_proven(self, now: float) -> None:
        """A run that has outlived the first second proves that the class starts."""
        for place in [place for place in self._breakers if place in self._started_at]:
            oldest = next(iter(self._started_at[place].values()))
            if now - oldest > AT_ONCE_S:
                self._note(place, now, failed=False, lasted=now - oldest)
