"""What a task author subclasses: a worker class, its hooks, and what a run offers them."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args

from pydantic import BaseModel

from skalds.model.task import Task
from skalds.ports.worker_launcher import RunKey
from skalds.worker.context import AloneContext, RunContext
from skalds.worker.hooks import HOOK_ATTRIBUTE, HookKind, LifecycleHandler, UpdateEventHandler, hook_names
from skalds.worker.procedure import Procedure

__all__ = [
    "AbstractTaskWorker",
    "BaseTaskWorker",
    "TaskWorkerConfig",
    "LifecycleHandler",
    "UpdateEventHandler",
    "run_before_handler",
    "run_main_handler",
    "run_after_handler",
    "release_handler",
    "update_event_handler",
]

Model = TypeVar("Model", bound=BaseModel)
Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class TaskWorkerConfig:
    """Where a worker of Skalds 0.3.8 connected to; taken, and not needed any more."""

    redis_config: object | None = None
    kafka_config: object | None = None


class AbstractTaskWorker(ABC):
    """What every worker class must have."""

    @abstractmethod
    def initialize(self, data: Any) -> None:
        """Receives the task's attachments, validated; `None` when the task has none."""


class BaseTaskWorker(AbstractTaskWorker, Generic[Model]):
    """A kind of task: subclass it with the data model of its attachments and mark the methods that do the work."""

    launch: ClassVar[str] = "fork"
    """`"exec"` starts each run as a fresh interpreter, for libraries that do not survive a fork."""

    task_id: str
    task_type: str
    dependencies: list[str]
    is_done: bool
    _context: RunContext
    _hook_names: ClassVar[Mapping[HookKind, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._hook_names = hook_names(cls)

    def __init__(self, task: Task | None = None, redis_config: object = None, kafka_config: object = None) -> None:
        self.redis_config = redis_config
        self.kafka_config = kafka_config
        self._bind(task, None)

    @classmethod
    def get_data_model(cls) -> type[BaseModel]:
        """The data model in the brackets of `BaseTaskWorker[…]`."""
        for base in cls.__mro__:
            for generic in vars(base).get("__orig_bases__", ()):
                for argument in get_args(generic):
                    if isinstance(argument, type) and issubclass(argument, BaseModel):
                        return argument
        raise TypeError(
            f"{cls.__name__} does not say what its attachments are; write "
            f"class {cls.__name__}(BaseTaskWorker[MyModel]) with a pydantic BaseModel for MyModel"
        )

    @property
    def attempt(self) -> int:
        """Which attempt at the task this run is, from 1; 0 when the worker runs alone."""
        return self._context.key.attempt

    @property
    def cancelled(self) -> bool:
        """Whether the run has been asked to stop."""
        return self._context.cancelled

    @property
    def last_checkpoint(self) -> Any:
        """What the latest run of this task saved with `checkpoint`; `None` if none did."""
        return self._context.last_checkpoint

    def progress(self, fraction: float, message: str = "") -> None:
        """Tells how far the run is (0 to 1); call it as often as you like, the latest is sent 4 times a second."""
        self._context.progress(fraction, message)

    def checkpoint(self, data: Any) -> None:
        """Saves JSON data (up to 256 KiB) that the next run finds in `last_checkpoint` if this one does not finish."""
        self._context.checkpoint(data)

    def start(self) -> Any:
        """Runs the hooks here, without a node, and returns what the main hook returned or raises what it raised."""
        procedure = Procedure(self._context, self)
        procedure.perform([procedure.before, procedure.main, procedure.after])
        self.is_done = True
        if procedure.failure is not None:
            raise procedure.failure
        if self.cancelled:
            raise SystemExit(0)
        return procedure.result

    def _bind(self, task: Task | None, context: RunContext | None) -> None:
        """Gives the worker its run; the runner calls it again, for classes whose own constructor left this one out."""
        self.task_id = f"MOCK_TASK_{secrets.token_hex(4)}" if task is None else task.id
        self.task_type = type(self).__name__ if task is None else task.class_name
        self.dependencies = list((task.dependencies if task is not None else None) or [])
        self.is_done = False
        self._context = context or AloneContext(RunKey(self.task_id, 0 if task is None else task.attempt))


def run_before_handler(method: Method) -> Method:
    """Marks the method that is called before the work."""
    return _mark(method, LifecycleHandler.RUN_BEFORE)


def run_main_handler(method: Method) -> Method:
    """Marks the method that does the work; what it returns is the task's result."""
    return _mark(method, LifecycleHandler.RUN_MAIN)


def run_after_handler(method: Method) -> Method:
    """Marks the method that is called after the work, unless it failed or was cancelled."""
    return _mark(method, LifecycleHandler.RUN_AFTER)


def release_handler(method: Method) -> Method:
    """Marks the method that frees what the run holds; called at every end, on a cancel with `(signum, frame)`."""
    return _mark(method, LifecycleHandler.RELEASE)


def update_event_handler(method: Method) -> Method:
    """Marks the method that takes new attachments while the work goes on, in another thread."""
    return _mark(method, UpdateEventHandler.UPDATE_EVENT)


def _mark(method: Method, kind: HookKind) -> Method:
    setattr(cast("Any", method), HOOK_ATTRIBUTE, kind)
    return method
