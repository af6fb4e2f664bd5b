"""What a run gives its worker: who it is, and a way to speak."""

import math
from abc import ABC, abstractmethod
from typing import Any

from skalds.model.moment import now_ms
from skalds.model.task import RunError
from skalds.ports.worker_launcher import CheckpointSaved, MainStarted, Progressed, Reported, RunKey, RunOutcome
from skalds.runtime.log_setup import log_event
from skalds.worker.outbox import Outbox
from skalds.worker.plain_json import plain_json

_LONGEST_MESSAGE = 1_000


class RunContext(ABC):
    """The run as its worker sees it."""

    def __init__(self, key: RunKey, last_checkpoint: Any = None) -> None:
        self.key = key
        self.last_checkpoint = last_checkpoint
        self.cancelled = False

    def progress(self, fraction: float, message: str = "") -> None:
        """Tells how far the run is."""
        number = float(fraction)
        if math.isnan(number):
            raise ValueError("progress takes a fraction from 0 to 1, not NaN")
        text = str(message)[:_LONGEST_MESSAGE].encode("utf-8", "replace").decode()
        self._tell_progress(Progressed(self.key, min(1.0, max(0.0, number)), text))

    def checkpoint(self, data: Any) -> None:
        """Saves what the next run needs to go on from here."""
        self._tell_checkpoint(CheckpointSaved(self.key, plain_json("checkpoint", data)))

    @abstractmethod
    def main_started(self) -> None:
        """Tells that user code is about to do the work."""

    @abstractmethod
    def report(self, outcome: RunOutcome, result: Any = None, error: RunError | None = None) -> None:
        """Tells how the run ended."""

    def postpones(self, number: int) -> bool:
        """Whether a signal comes at a moment when nothing may be interrupted; it is raised again afterwards."""
        return False

    @abstractmethod
    def flush(self) -> None:
        """Sends what is still kept."""

    @abstractmethod
    def _tell_progress(self, event: Progressed) -> None: ...

    @abstractmethod
    def _tell_checkpoint(self, event: CheckpointSaved) -> None: ...


class NodeContext(RunContext):
    """A run that a node has started: everything goes to the node."""

    def __init__(self, key: RunKey, last_checkpoint: Any, outbox: Outbox) -> None:
        super().__init__(key, last_checkpoint)
        self._outbox = outbox

    def main_started(self) -> None:
        self._outbox.tell(MainStarted(self.key, now_ms()))

    def report(self, outcome: RunOutcome, result: Any = None, error: RunError | None = None) -> None:
        self._outbox.tell(Reported(self.key, outcome, now_ms(), result, error))

    def postpones(self, number: int) -> bool:
        return self._outbox.postpones(number)

    def flush(self) -> None:
        self._outbox.tell()

    def _tell_progress(self, event: Progressed) -> None:
        self._outbox.keep_progress(event)

    def _tell_checkpoint(self, event: CheckpointSaved) -> None:
        self._outbox.keep_checkpoint(event)


class AloneContext(RunContext):
    """A run without a node, started by its author: everything goes to the log."""

    def flush(self) -> None:
        """Nothing is ever kept."""

    def main_started(self) -> None:
        log_event("INFO", "run.started", task=self.key.task_id)

    def report(self, outcome: RunOutcome, result: Any = None, error: RunError | None = None) -> None:
        if error is None:
            log_event("INFO", "run.ended", task=self.key.task_id, outcome=outcome)
        else:
            log_event("ERROR", "run.ended", task=self.key.task_id, outcome=outcome, error=error.message)

    def _tell_progress(self, event: Progressed) -> None:
        log_event("INFO", "run.progress", task=self.key.task_id, fraction=event.fraction, message=event.message)

    def _tell_checkpoint(self, event: CheckpointSaved) -> None:
        self.last_checkpoint = event.data
        log_event("INFO", "run.checkpoint", task=self.key.task_id)
