"""Task Worker processes: starting, steering and hearing of them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, NamedTuple, Protocol

from skalds.model.task import RunError, Task


class RunKey(NamedTuple):
    """One attempt at one task; at most one process ever enters user code for it."""

    task_id: str
    attempt: int


class WorkerSignal(Enum):
    """What can be done to the processes of a run from outside."""

    TERMINATE = "terminate"
    KILL = "kill"
    SUSPEND = "suspend"
    RESUME = "resume"


class RunOutcome(StrEnum):
    """How a worker says its run ended."""

    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class MainStarted:
    """The run reached the first line of the main hook at `at` (wall ms)."""

    key: RunKey
    at: int


@dataclass(frozen=True, slots=True)
class Progressed:
    """The run reported progress (`fraction` 0..1)."""

    key: RunKey
    fraction: float
    message: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The run saved data for its next attempt."""

    key: RunKey
    data: Any


@dataclass(frozen=True, slots=True)
class Reported:
    """The run said how it ended, at `at` (wall ms); its process may still be closing down."""

    key: RunKey
    outcome: RunOutcome
    at: int
    result: Any = None
    error: RunError | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """No process of the run is alive any more; `exit_status` is the worker's (negative: killed by that signal)."""

    key: RunKey
    exit_status: int


WorkerEvent = MainStarted | Progressed | CheckpointSaved | Reported | Gone


class WorkerLauncher(Protocol):
    """Runs each launched task in a process of its own and contains it: when the node dies, so does every process."""

    async def launch(self, tasks: Sequence[Task]) -> None:
        """Starts a worker for each task's current attempt; every launch ends in exactly one `Gone`.

        On a node with GPU devices a worker sees those of its run's record, from its first line on, and no others.
        A worker that could not be started is told as `Reported` (failed) and `Gone`.
        """
        ...

    async def signal(self, key: RunKey, signal: WorkerSignal) -> None:
        """TERMINATE asks the worker to stop; the others act on all its processes. Unknown keys are ignored."""
        ...

    async def update(self, key: RunKey, attachments: Any) -> None:
        """Hands new attachments to the run's update hook. Unknown keys are ignored."""
        ...

    def events(self) -> AsyncIterator[WorkerEvent]:
        """What the workers did, in the order of each worker; one caller.

        Raises `WorkerLaunchFailed`, after the last event of every run, once no run can be started any more.
        """
        ...

    async def close(self) -> None:
        """Kills whatever still runs and returns once no process is left."""
        ...
