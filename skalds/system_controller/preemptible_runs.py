"""The live runs that may be drained for urgent tasks, and those that were asked to leave already."""

from collections.abc import Sequence

from skalds.model.lane import LaneKey
from skalds.model.run_change import LiveRun
from skalds.model.snapshot import PreemptibleRun

_RUNNING = "Running"


class PreemptibleRuns:
    """A part of the projection of live runs, which puts runs in and takes them out."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[LiveRun, LaneKey]] = {}
        self._leaving: dict[str, tuple[int, str]] = {}

    def put(self, run: LiveRun, key: LaneKey) -> None:
        """This is the present version of a run of a preemptible task."""
        self._runs[run.task_id] = (run, key)
        if self._leaving.get(run.task_id, (run.attempt,))[0] != run.attempt:
            del self._leaving[run.task_id]

    def remove(self, task_id: str) -> None:
        """The run is gone."""
        self._runs.pop(task_id, None)
        self._leaving.pop(task_id, None)

    def note_leaving(self, task_id: str, attempt: int, leaving_for: str) -> None:
        """This run was asked to leave; it is not asked again for something else."""
        if task_id in self._runs and self._runs[task_id][0].attempt == attempt:
            self._leaving[task_id] = (attempt, leaving_for)

    def views(self) -> Sequence[PreemptibleRun]:
        """The accepted ones, by id, as the planner sees them."""
        return [
            PreemptibleRun(
                task_id, run.attempt, run.node_id, key.priority, key.slots, key.resources, self._leaves_for(task_id)
            )
            for task_id, (run, key) in sorted(self._runs.items())
            if run.status == _RUNNING
        ]

    def _leaves_for(self, task_id: str) -> str | None:
        leaving = self._leaving.get(task_id)
        return leaving[1] if leaving else None
