"""The projection of live runs: what holds capacity, by node, tenant and key, kept from the change feed."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from skalds.model.lane import LaneKey
from skalds.model.run_change import LiveRun, RunChange
from skalds.system_controller.lane_keys import UNKNOWN
from skalds.system_controller.preemptible_runs import PreemptibleRuns
from skalds.system_controller.usage import Load, Session, Usage

_ASSIGNING = "Assigning"

NO_KEYS: Mapping[int, LaneKey] = MappingProxyType({})


class LiveRuns:
    """Every run from its assignment until its processes are confirmed gone.

    The leader adds its own assignments before it commits them (`reserve`) and drops those that were refused; all else
    comes from the feed. `keys` says what a lane's tasks take; whoever tells of a run sees first that its lane is known.
    """

    def __init__(self, keys: Mapping[int, LaneKey] = NO_KEYS) -> None:
        self.settling = asyncio.Lock()
        """Held while reservations are open, so that nobody compares the projection with the rows meanwhile."""
        self.usage = Usage()
        self.preemptible = PreemptibleRuns()
        self._keys = keys
        self._runs: dict[str, LiveRun] = {}
        self._counted_as: dict[str, LaneKey] = {}
        self._tasks: defaultdict[Session, set[str]] = defaultdict(set)
        self._assigning_since: dict[str, tuple[int, float]] = {}
        self._reserved: set[str] = set()  # reservations of which the store has not told yet

    def __len__(self) -> int:
        return len(self._runs)

    def load_of(self, node_id: str, session: int) -> Load:
        return self.usage.load_of((node_id, session))

    def tasks_of(self, node_id: str, session: int) -> Sequence[str]:
        """Ids of the tasks on this session, sorted."""
        return sorted(self._tasks.get((node_id, session), ()))

    def sessions(self) -> Sequence[Session]:
        """The sessions that hold at least one run."""
        return list(self._tasks)

    def reserve(self, runs: Iterable[LiveRun], now: float) -> None:
        """Counts assignments that are about to be committed, at `now` (monotonic s).

        Those of which the feed has told already are left alone: to commit them again will be refused.
        """
        known = self._runs
        new = [run for run in runs if run.task_id not in known or known[run.task_id].attempt < run.attempt]
        self._put(new, now)
        self._reserved.update(run.task_id for run in new)

    def drop(self, runs: Iterable[LiveRun]) -> None:
        """Takes reservations back that were not committed, unless the feed has told of something newer."""
        for run in runs:
            if run.task_id in self._reserved and self._runs.get(run.task_id) == run:
                self._remove(run.task_id)
                self.preemptible.remove(run.task_id)
            self._reserved.discard(run.task_id)

    def apply(self, change: RunChange, now: float) -> None:
        """Follows one committed version; older news than what is known is ignored."""
        known = self._runs.get(change.task_id)
        if known is not None and known.attempt > change.attempt:
            return
        self._reserved.discard(change.task_id)
        if not change.holds_slot or change.executor is None:
            self._remove(change.task_id)
            self.preemptible.remove(change.task_id)
            return
        run = LiveRun(change.task_id, change.attempt, change.status, change.executor, change.session, change.lane)
        if run != known:
            self._put([run], now)

    def replace(self, runs: Sequence[LiveRun], now: float) -> int:
        """Puts a fresh reading of the store in place; returns how many entries had been wrong."""
        self._reserved.clear()
        fresh = {run.task_id: run for run in runs}
        wrong = [id_ for id_ in sorted(self._runs.keys() | fresh.keys()) if self._runs.get(id_) != fresh.get(id_)]
        self._put([fresh[task_id] for task_id in wrong if task_id in fresh], now)
        for task_id in wrong:
            if task_id not in fresh:
                self._remove(task_id)
                self.preemptible.remove(task_id)
        return len(wrong)

    def assigning_for(self, seconds: float, now: float) -> Sequence[str]:
        """Ids of the tasks whose present attempt this process has seen unaccepted for at least `seconds`."""
        return [id_ for id_, (_, since) in self._assigning_since.items() if now - since >= seconds]

    def running(self) -> Sequence[LiveRun]:
        """The runs that were accepted and are neither paused nor ended."""
        return [run for run in self._runs.values() if run.status == "Running"]

    def attempt_of(self, task_id: str) -> int | None:
        run = self._runs.get(task_id)
        return None if run is None else run.attempt

    def _put(self, runs: Sequence[LiveRun], now: float) -> None:
        """These are the present versions of the runs of their tasks."""
        keys = {lane: self._keys.get(lane, UNKNOWN) for lane in {run.lane for run in runs}}
        counted: defaultdict[Session, list[LaneKey]] = defaultdict(list)
        for run in runs:
            task_id, session, key = run.task_id, (run.node_id, run.session), keys[run.lane]
            since = self._assigning_since.get(task_id)
            if task_id in self._runs:
                self._remove(task_id)
            self._runs[task_id] = run
            self._counted_as[task_id] = key
            self._tasks[session].add(task_id)
            counted[session].append(key)
            if key.preemptible:
                self.preemptible.put(run, key)
            if run.status == _ASSIGNING:
                keep = since is not None and since[0] == run.attempt
                self._assigning_since[task_id] = since if keep and since else (run.attempt, now)
        for session, of_session in counted.items():
            self.usage.add(session, *of_session)

    def _remove(self, task_id: str) -> None:
        run = self._runs.pop(task_id, None)
        self._assigning_since.pop(task_id, None)
        if run is None:
            return
        session = (run.node_id, run.session)
        self.usage.remove(session, self._counted_as.pop(task_id))
        self._tasks[session].remove(task_id)
        if not self._tasks[session]:
            del self._tasks[session]
