"""A worker process of a node: runs one task and tells the node what becomes of it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from skalds.model.task import Task
from skalds.ports.worker_launcher import RunKey, WorkerEvent
from skalds.runtime.log_setup import log_event
from skalds.worker.attachments import parse_attachments
from skalds.worker.baseclass import BaseTaskWorker
from skalds.worker.context import NodeContext
from skalds.worker.hooks import UpdateEventHandler, find_hook
from skalds.worker.outbox import Outbox
from skalds.worker.procedure import Procedure
from skalds.worker.registry import WorkerRegistry


class NodeConnection(Protocol):
    """The line to the node, as a worker needs it."""

    def send(self, event: WorkerEvent) -> None:
        """Tells the node; raises `OSError` once the node does not listen any more."""
        ...

    def updates(self) -> Iterator[Any]:
        """The attachments of each live update, waiting for the next one."""
        ...

    def close(self) -> None:
        """Forgets the line in this process."""
        ...


def enter_worker(request: bytes, connection: NodeConnection, registry: WorkerRegistry) -> None:
    """Runs the task in `request` (JSON) with the registered class of its name."""
    task = Task.model_validate_json(request)
    outbox = Outbox(connection.send)
    # A child that user code forks is not the worker: it must neither speak for the run nor take its signals.
    os.register_at_fork(after_in_child=lambda: _become_stranger(connection))
    context = NodeContext(RunKey(task.id, task.attempt), task.checkpoint, outbox)
    TaskRun(task, context, connection.updates, registry).perform()


class TaskRun:
    """One run of one task."""

    def __init__(
        self, task: Task, context: NodeContext, updates: Callable[[], Iterator[Any]], registry: WorkerRegistry
    ) -> None:
        self._task = task
        self._context = context
        self._updates = updates
        self._registry = registry
        self._procedure = Procedure(context)
        self._loaded: BaseTaskWorker[Any] | None = None
        self._data: Any = None

    def perform(self) -> None:
        """Takes all steps of the run."""
        run = self._procedure
        run.perform([self.load, self.initialize, self.listen, run.before, run.main, run.after, self.mark_done])

    def load(self) -> None:
        """Makes the worker and checks what it is to be given."""
        worker = self._registry.create(self._task)
        worker._bind(self._task, self._context)
        self._data = parse_attachments(worker.get_data_model(), self._task.attachments)
        self._loaded = worker

    def initialize(self) -> None:
        """Gives the worker its attachments; from here on it has something to release."""
        self._procedure.worker = self._worker
        self._procedure.hooks.call(self._worker.initialize, (self._data,))

    def listen(self) -> None:
        """Begins to take live updates, beside all that follows, if the class wants them."""
        if find_hook(self._worker, UpdateEventHandler.UPDATE_EVENT) is None:
            return
        threading.Thread(target=self._take_updates, name="skalds-updates", daemon=True).start()

    def mark_done(self) -> None:
        """Lets the release hook see that the work is done."""
        self._worker.is_done = True

    @property
    def _worker(self) -> BaseTaskWorker[Any]:
        assert self._loaded is not None  # noqa: S101 - the first step has put it there
        return self._loaded

    def _take_updates(self) -> None:
        for attachments in self._updates():
            try:
                self.take_update(attachments)
            except Exception as error:
                log_event("ERROR", "worker.update_failed", task=self._task.id, attempt=self._task.attempt, error=error)

    def take_update(self, attachments: Any) -> None:
        """Hands new attachments to the update hook; raises when they are invalid or the hook does."""
        hook = find_hook(self._worker, UpdateEventHandler.UPDATE_EVENT)
        data = parse_attachments(self._worker.get_data_model(), attachments)
        if hook is not None and data is not None:
            self._procedure.hooks.call_beside(hook, (data,), ())


def _become_stranger(connection: NodeConnection) -> None:
    connection.close()
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
