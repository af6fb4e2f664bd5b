"""Decides what this node does next: a synchronous state machine without store, process or clock.

    rows read ───────► accept or refuse what is Assigning, stop what must stop, suspend, resume, update
    worker events ───► note the fact; the run's row gets its next version
    write settled ───► accepted: launch · refused by the store: the rows are read again
    time passes ─────► at a run's limit it must stop; TERMINATE, and after the grace KILL

Every decision follows from the rows as last read and the facts noted since, so a lost hint, a failed write or a
repeated message changes when something happens, never what.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from skalds.model.node import Node
from skalds.model.run_change import Change
from skalds.model.task import Progress, Task, TaskLifecycleStatus
from skalds.node.capacity import Capacity, Room, Share
from skalds.node.run import Run
from skalds.node.time_limit import TimeLimit
from skalds.planning import lifecycle
from skalds.ports.worker_launcher import (
    CheckpointSaved,
    Gone,
    MainStarted,
    Progressed,
    Reported,
    RunKey,
    WorkerEvent,
    WorkerSignal,
)

_ASSIGNING = TaskLifecycleStatus.ASSIGNING.value
_PAUSED = TaskLifecycleStatus.PAUSED.value


@dataclass(slots=True)
class Steering:
    """What to do to worker processes, in this order."""

    signals: list[tuple[RunKey, WorkerSignal]] = field(default_factory=list)
    updates: list[tuple[RunKey, object]] = field(default_factory=list)


class Supervisor:
    """The runs of one session of `node`; moments are monotonic s where they are a float, wall ms where an int."""

    def __init__(self, node: Node, cancel_grace: float, rng: random.Random) -> None:
        self._classes = node.classes
        self._capacity = Capacity.of_node(node)
        self._cancel_grace = cancel_grace
        self._rng = rng
        self._runs: dict[RunKey, Run] = {}
        self._offered: dict[RunKey, Task] = {}
        self._accepted: dict[RunKey, Share] = {}
        self._closing = False
        self._stopping = False

    @property
    def live_tasks(self) -> int:
        """Runs whose processes are not confirmed gone."""
        return len(self._runs)

    def read_rows(self, tasks: Sequence[Task], now: float) -> Steering:
        """Takes in every row that holds a slot of this session, as the store has them now."""
        rows = {RunKey(task.id, task.attempt): task for task in tasks}
        self._offered = {}
        steering = Steering()
        for key, run in self._runs.items():
            row = rows.pop(key, None)
            if row is None:
                run.taken_away = True
            else:
                self._steer(run, row, now, steering)
        for key, row in rows.items():
            self._offered[key] = row
        return steering

    def note(self, events: Iterable[WorkerEvent]) -> None:
        """Takes in what the workers did."""
        for event in events:
            run = self._runs.get(event.key)
            if run is None:
                continue
            match event:
                case MainStarted(at=at):
                    run.started = at
                case Progressed(fraction=fraction, message=message):
                    run.progress = Progress(fraction=fraction, message=message)
                case CheckpointSaved(data=data):
                    run.checkpoint = data
                case Reported():
                    run.hear_report(event)
                case Gone(exit_status=status):
                    run.exit_status = status
        self._forget_taken_away()

    def drain(self) -> None:
        """Takes nothing new from now on."""
        self._closing = True

    def stop_all(self) -> None:
        """Ends what runs; each task goes back to the queue once its processes are gone."""
        self._closing = self._stopping = True
        for run in self._runs.values():
            run.draining = True

    def lose_session(self) -> None:
        """The store has closed this session: whatever runs here was given away and must end."""
        self._offered = {}
        for run in self._runs.values():
            run.taken_away = True
        self._forget_taken_away()

    def changes(self, now: int) -> Sequence[Change]:
        """The rows to write now (`now` in wall ms): accepts, refusals, outcomes, releases, progress."""
        changes = self._answers(now)
        for run in self._runs.values():
            after = run.next_version(now, self._rng.random())
            if after is not None:
                changes.append(Change(run.task, after))
        return changes

    def settle(self, changes: Sequence[Change], written: Sequence[bool], now: float) -> Sequence[Task]:
        """Takes in which of `changes` were written; returns the tasks to launch, whose limits count from `now`."""
        launches = []
        for change, done in zip(changes, written, strict=True):
            key = RunKey(change.before.id, change.before.attempt)
            if key in self._offered:
                if done and change.after.lifecycle_status == TaskLifecycleStatus.RUNNING.value:
                    limit = TimeLimit.begun(change.after.timeout_ms, now)
                    self._runs[key] = Run(change.after, self._accepted[key], limit, draining=self._stopping)
                    launches.append(change.after)
                del self._offered[key]
            elif done:
                self._runs[key].task = change.after
                if not change.after.holds_slot:
                    del self._runs[key]
        return launches

    def stops(self, now: float) -> Sequence[tuple[RunKey, WorkerSignal]]:
        """Signals to runs that must end: TERMINATE, and KILL when the grace is over.

        What was taken away is killed at once. A run that reported its outcome is only given the grace to close down.
        """
        signals = []
        for key, run in self._runs.items():
            run.check_limit(now)
            if run.is_gone or not (run.must_stop or run.reported):
                continue
            if run.terminated_at is None:
                run.terminated_at = now
                if not run.taken_away and run.reported is None:
                    signals.append((key, WorkerSignal.TERMINATE))
                if run.suspended:
                    signals.append((key, WorkerSignal.RESUME))
            # Written as in `next_moment`: rounded otherwise, that moment could come and this not be true yet.
            if not run.killed and (run.taken_away or now >= run.terminated_at + self._cancel_grace):
                run.killed = True
                signals.append((key, WorkerSignal.KILL))
        return signals

    def next_moment(self) -> float | None:
        """When (monotonic s) `stops` should be asked again at the latest: at the next limit or end of a grace."""
        moments = (run.next_moment(self._cancel_grace) for run in self._runs.values())
        return min((moment for moment in moments if moment is not None), default=None)

    def _steer(self, run: Run, row: Task, now: float, steering: Steering) -> None:
        if row.attachments_rev > run.task.attachments_rev:
            steering.updates.append((run.key, row.attachments))
        run.task = row
        paused = row.lifecycle_status == _PAUSED
        # What reached its limit in time that counted is over it, though its row was paused before anybody looked.
        run.check_limit(now)
        if paused != run.suspended and not run.must_stop:
            run.suspended = paused
            if paused:
                run.limit.suspend(now)
            else:
                run.limit.resume(now)
            steering.signals.append((run.key, WorkerSignal.SUSPEND if paused else WorkerSignal.RESUME))

    def _answers(self, now: int) -> list[Change]:
        """Accepts the offered runs that fit together with what runs here, refuses the others."""
        room = Room(self._capacity, (run.share for run in self._runs.values()))
        self._accepted = {}
        changes = []
        for key, task in self._offered.items():
            if task.lifecycle_status != _ASSIGNING:
                # Ended or accepted without ever having been launched here, and never will be.
                changes.append(Change(task, lifecycle.lose(task, now)))
            elif (share := self._find_room(task, room)) is not None:
                self._accepted[key] = share
                changes.append(Change(task, lifecycle.accept(task, now, devices=share.devices)))
            else:
                changes.append(Change(task, lifecycle.refuse(task, now)))
        return changes

    def _find_room(self, task: Task, room: Room) -> Share | None:
        return None if self._closing or task.class_name not in self._classes else room.take(task)

    def _forget_taken_away(self) -> None:
        for key in [key for key, run in self._runs.items() if run.taken_away and run.is_gone]:
            del self._runs[key]
