"""Systems with one defect each, to prove that the checks of the simulation can fail."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from skalds.adapters.memory.dependencies import Dependencies
from skalds.adapters.memory.dispatch_queue import MemoryDispatchQueue
from skalds.adapters.memory.run_ledger import MemoryRunLedger
from skalds.config.timings import Timings
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.node import supervisor
from skalds.node.run import Run
from skalds.node.time_limit import TimeLimit
from skalds.planning import lifecycle
from skalds.planning.order import FairOrder
from skalds.ports.worker_launcher import RunKey
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.monitor.waiting_ends import WaitingEnds
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.usage import NO_LOAD
from skalds.testing.simulation.observed_store import ObservedStore
from skalds.testing.simulation.simulated_launcher import SimulatedLauncher
from skalds.testing.simulation.virtual_clock import VirtualClock
from skalds.testing.simulation.world import Parts

Break = Callable[[pytest.MonkeyPatch], Parts]


class TwiceLauncher(SimulatedLauncher):
    """Starts every run in two processes."""

    def start(self, task: Task) -> None:
        super().start(task)
        super().start(task)


class TermlessStore(ObservedStore):
    """Commits for whoever has ever led."""

    def check_lease(self, lease: LeaseRow) -> None:
        return


class LosingStore(ObservedStore):
    """Now and then takes a task out of the queue without giving it to anyone."""

    def put_claimed(self, tasks: Iterable[Task]) -> None:
        claimed = list(tasks)
        lost = [task for task in claimed if task.id.endswith("3")]
        self.queue.take_out(task.id for task in lost)
        super().put_claimed(task for task in claimed if task not in lost)


class ForgettingStore(ObservedStore):
    """Forgets the oldest task when there are ten."""

    def put(self, task: Task, now: int) -> Task:
        if len(self.rows) > 10 and task.id not in self.rows:
            oldest = next(iter(self.rows))
            self.queue.take_out([oldest])
            self.live.pop(oldest, None)
            del self.rows[oldest]
        return super().put(task, now)


def _write_whatever_the_revision(patch: pytest.MonkeyPatch) -> Parts:
    def write(ledger: Any, change: Change, now: int) -> bool:
        ledger._store.put(change.after, now)
        return True

    patch.setattr(MemoryRunLedger, "_write_one", write)
    return Parts()


def _release_what_is_only_reported(patch: pytest.MonkeyPatch) -> Parts:
    patch.setattr(Run, "is_gone", property(lambda run: run.exit_status is not None or run.reported is not None))
    return Parts()


def _judge_by_wall_clock(patch: pytest.MonkeyPatch) -> Parts:
    patch.setattr(VirtualClock, "monotonic", lambda clock: clock.wall_ms() / 1000)
    return Parts()


def _let_stale_runs_live(patch: pytest.MonkeyPatch) -> Parts:
    patch.setattr(supervisor.Supervisor, "lose_session", lambda self: None)
    return Parts()


def _retry_for_ever(patch: pytest.MonkeyPatch) -> Parts:
    fail = lifecycle.fail

    def forgive(task: Task, now: int, **facts: Any) -> Task:
        return fail(task, now, **facts).model_copy(update={"final": False, "eligible_at": now})

    patch.setattr(lifecycle, "fail", forgive)
    return Parts()


def _lose_what_has_ended(patch: pytest.MonkeyPatch) -> Parts:
    def lose(task: Task, now: int) -> Task:
        return task.changed(now, lifecycle_status="Created", final=False, executor=None, released_at=now)

    patch.setattr(lifecycle, "lose", lose)
    return Parts()


class DeafLauncher(SimulatedLauncher):
    """Hands nothing new to any run."""

    async def update(self, key: RunKey, attachments: Any) -> None:
        return


def _replacing(owner: Any, name: str, value: Any) -> Break:
    def break_it(patch: pytest.MonkeyPatch) -> Parts:
        patch.setattr(owner, name, value)
        return Parts()

    return break_it


async def _nothing(*_: Any) -> bool:
    return False


async def _ripen_early(queue: Any, now: int) -> Any:
    return queue._store.queue.ripen(now + 2000)


def _forget_shares(patch: pytest.MonkeyPatch) -> Parts:
    views = ClusterPicture._tenants

    def equal(picture: Any, policies: Any) -> Any:
        return {name: replace(view, weight=1.0, used_slots=0) for name, view in views(picture, policies).items()}

    patch.setattr(ClusterPicture, "_tenants", equal)
    return Parts()


def _parts(**parts: Any) -> Break:
    return lambda _: Parts(**parts)


def _timings(**changes: float) -> Break:
    return _parts(timings=Timings(**{name: timedelta(seconds=seconds) for name, seconds in changes.items()}))


BROKEN: Mapping[str, tuple[str, Break]] = {
    "every run starts twice": ("S1", _parts(launcher=TwiceLauncher)),
    "writes land whatever the revision": ("S3", _write_whatever_the_revision),
    "rows are forgotten": ("S4", _parts(store=ForgettingStore)),
    "what has ended is lost again": ("S6", _lose_what_has_ended),
    "a run is released while it closes down": ("S6 release", _release_what_is_only_reported),
    "failures never end a task": ("S8", _retry_for_ever),
    "claims are not checked for their term": ("S13", _parts(store=TermlessStore)),
    "a claim loses its task": ("S19", _parts(store=LosingStore)),
    "rows are read on hints only": ("S19", _timings(node_reread=3600)),
    "leases are judged by wall clock": ("S16 leases", _judge_by_wall_clock),
    "assignments are judged by wall clock": ("S16 acceptance", _judge_by_wall_clock),
    "leases run out too early": ("S16 leases", _timings(lease_ttl=2)),
    "nodes are given up too early": ("S16 liveness", _timings(lost=5)),
    "assignments are taken back too early": ("S16 acceptance", _timings(accept=1)),
    "stale runs are left alone": ("S2", _let_stale_runs_live),
    "what is set at run time is never read again": ("S10", _replacing(PolicyBook, "refresh", _nothing)),
    "sessions that leave are given work": ("S10", _replacing(MemoryDispatchQueue, "_takes_work", lambda *_: True)),
    "limits forbid nothing": ("S11 limits", _replacing(FairOrder, "limit_of", lambda *_: None)),
    "nothing that runs is seen": ("S11 capacity", _replacing(LiveRuns, "load_of", lambda *_: NO_LOAD)),
    "dependencies are not waited for": ("S12", _replacing(Dependencies, "worst_of", lambda *_: None)),
    "nobody ends what is hopeless": ("S12 end", _replacing(WaitingEnds, "run_once", _nothing)),
    "tasks are ready before their moment": ("moments", _replacing(MemoryDispatchQueue, "ripen", _ripen_early)),
    "shares do not count": ("P2", _forget_shares),
    "runs have no limit": ("L5", _replacing(TimeLimit, "begun", lambda _, now: TimeLimit(None, now))),
    "leases run out too late": ("L6", _timings(lease_ttl=9)),
    "leases are not resigned": ("L6", _replacing(Leadership, "resign", _nothing)),
    "changes wake nobody": ("L8", _replacing(Dispatcher, "follow", lambda *_: None)),
    "the dispatcher overlooks what is new": ("L8 watchdog", _replacing(Dispatcher, "follow", lambda *_: None)),
    "runs are not handed their updates": ("updates", _parts(launcher=DeafLauncher)),
    "assignments are taken back too late": ("L1", _timings(accept=8)),
    "nodes are given up too late": ("L2", _timings(lost=15)),
    "cancelled runs may take their time": ("L4", _timings(cancel_grace=15)),
}

RARE: Mapping[str, int] = {"claims are not checked for their term": 830}
"""Defects that few seeds show, and where to begin looking so that the test need not take long."""
