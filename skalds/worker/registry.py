"""The worker classes a node can run."""

import re
from collections.abc import Iterator
from typing import Any

from skalds.errors import ConfigurationError, NotFound
from skalds.model.task import Task
from skalds.worker.attachments_schema import attachments_schema
from skalds.worker.baseclass import BaseTaskWorker
from skalds.worker.hooks import call_fitting

_LAUNCH_MODES = ("fork", "exec")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

WorkerClass = type[BaseTaskWorker[Any]]


class WorkerRegistry:
    """Knows the worker classes by name; a task can only run a class that its node's program has registered."""

    def __init__(self) -> None:
        self._classes: dict[str, WorkerClass] = {}

    def register(self, worker_class: WorkerClass) -> None:
        """Makes the class known under its name; raises `ConfigurationError` when it cannot be used."""
        if not _is_worker_class(worker_class):
            raise ConfigurationError("worker class", worker_class, "a subclass of BaseTaskWorker")
        name = worker_class.__name__
        try:
            worker_class.get_data_model()
        except TypeError as error:
            raise ConfigurationError("worker class", name, f"a data model in brackets. {error}") from error
        if not _NAME.fullmatch(name):
            raise ConfigurationError("worker class", name, "a name of at most 128 letters, digits and underscores")
        if worker_class.launch not in _LAUNCH_MODES:
            raise ConfigurationError(f"{name}.launch", worker_class.launch, f"one of {', '.join(_LAUNCH_MODES)}")
        known = self._classes.setdefault(name, worker_class)
        if known is not worker_class:
            raise ConfigurationError(
                "worker class", name, f"a name that is not taken; {known.__module__}.{known.__qualname__} has it"
            )

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)

    @property
    def exec_classes(self) -> frozenset[str]:
        """The classes whose runs must start as fresh interpreters."""
        return frozenset(name for name, worker_class in self._classes.items() if worker_class.launch == "exec")

    def schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each class's attachments."""
        return {name: attachments_schema(worker_class.get_data_model()) for name, worker_class in self._classes.items()}

    def create(self, task: Task) -> BaseTaskWorker[Any]:
        """A worker for this task, constructed and not yet initialised; `NotFound` if nobody registered its class."""
        worker_class = self._classes.get(task.class_name)
        if worker_class is None:
            raise NotFound("worker class", task.class_name)
        if worker_class.__init__ is BaseTaskWorker.__init__:
            return worker_class(task)
        # A constructor of their own may take all that ours takes, the task alone or nothing.
        worker: BaseTaskWorker[Any] = call_fitting(worker_class, (task, None, None), (task,), ())
        return worker


def _is_worker_class(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseTaskWorker)
