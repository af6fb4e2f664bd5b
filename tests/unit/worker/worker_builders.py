"""Workers and runs for the tests of this folder."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from skalds.model.task import Task
from skalds.ports.worker_launcher import MainStarted, Reported, RunKey, WorkerEvent
from skalds.worker.baseclass import (
    BaseTaskWorker,
    release_handler,
    run_after_handler,
    run_before_handler,
    run_main_handler,
    update_event_handler,
)
from skalds.worker.context import NodeContext
from skalds.worker.outbox import Outbox
from skalds.worker.registry import WorkerRegistry
from skalds.worker.runner import TaskRun


class Data(BaseModel):
    """What the tasks of these tests carry."""

    number: int = 0


class Recorder(BaseTaskWorker[Data]):
    """Notes each step in `diary`; raises in the step that `broken` names."""

    def __init__(self, task: Task | None = None, broken: str = "", failure: BaseException | None = None) -> None:
        super().__init__(task)
        self.diary: list[Any] = []
        self.broken = broken
        self.failure = failure or RuntimeError(f"{broken} is broken")

    def note(self, step: str, *details: object) -> None:
        self.diary.append((step, *details) if details else step)
        if step == self.broken:
            raise self.failure

    def initialize(self, data: Data | None) -> None:
        self.note("initialize")

    @run_before_handler
    def before(self) -> None:
        self.note("before")

    @run_main_handler
    def main(self) -> Any:
        self.note("main")
        return {"answer": 42}

    @run_after_handler
    def after(self) -> None:
        self.note("after")

    @release_handler
    def release(self) -> None:
        self.note("release")

    @update_event_handler
    def update(self, data: Data) -> None:
        self.note("update", data.number)


@dataclass
class Ran:
    """What became of a run: the events, and the worker if there was one."""

    events: list[WorkerEvent]
    worker: Any = None

    @property
    def report(self) -> Reported:
        [report] = [event for event in self.events if isinstance(event, Reported)]
        return report

    @property
    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def has_started(self) -> bool:
        return any(isinstance(event, MainStarted) for event in self.events)


@dataclass
class GivenWorker:
    """A registry that hands out one worker made by the test."""

    worker: BaseTaskWorker[Any]
    registry: WorkerRegistry = field(default_factory=WorkerRegistry)

    def create(self, task: Task) -> BaseTaskWorker[Any]:
        return self.worker


def a_task(class_name: str = "Recorder", **fields: Any) -> Task:
    """A task as the node sends it: through JSON."""
    document = {"id": "t1", "className": class_name, "source": "test", "attempt": 2, **fields}
    return Task.model_validate_json(json.dumps(document))


def run_task(
    worker: "BaseTaskWorker[Any] | WorkerRegistry", task: Task | None = None, updates: Iterable[Any] = ()
) -> Ran:
    """Runs a task as a worker process would, with the given worker or registry."""
    task = task or a_task()
    ran = Ran([], worker)
    context = NodeContext(RunKey(task.id, task.attempt), task.checkpoint, Outbox(ran.events.append))
    registry: Any = worker if isinstance(worker, WorkerRegistry) else GivenWorker(worker)

    def iterate() -> Iterator[Any]:
        yield from updates

    TaskRun(task, context, iterate, registry).perform()
    return ran
