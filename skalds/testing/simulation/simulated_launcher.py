"""`SimulatedLauncher`: runs that take virtual time and end as the seed says, each in a process of its own."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from skalds.errors import WorkerLaunchFailed
from skalds.model.node import Node
from skalds.model.task import RunError, Task
from skalds.planning.breaker import AT_ONCE_S
from skalds.ports.clock import Clock
from skalds.ports.worker_launcher import (
    Gone,
    MainStarted,
    Progressed,
    Reported,
    RunKey,
    RunOutcome,
    WorkerEvent,
    WorkerLauncher,
    WorkerSignal,
)
from skalds.testing.simulation.history import Died, Entered, History, Updated
from skalds.testing.simulation.virtual_loop import OWNER, Process, VirtualLoop
from skalds.testing.simulation.weather import Weather

KILL_S = 0.01
"""How long the kernel takes at most to end the processes of a killed run."""

DEATH_WITH_NODE_S = 0.9
"""How long the processes of a dead node may live on (S20 allows a second)."""


@dataclass(frozen=True, slots=True)
class _Course:
    """What a run will do if it is left alone."""

    start: float
    seconds: float
    outcome: RunOutcome | None
    steps: int
    closing: float
    stubborn: bool

    @classmethod
    def drawn(cls, rng: random.Random, task: Task) -> "_Course":
        wanted: dict[str, Any] = task.attachments or {}
        if wanted.get("reliable"):
            stubborn = rng.random() < 0.04
            return cls(0.03, wanted["seconds"], RunOutcome.FINISHED, steps=0, closing=0.01, stubborn=stubborn)
        outcomes = (RunOutcome.FINISHED,) * 7 + (RunOutcome.FAILED,) * 2 + (None,)
        return cls(
            start=rng.choice((0.002, 0.03, 0.03, 0.4)),
            seconds=wanted.get("seconds", 1.0) * rng.uniform(0.5, 1.0),
            outcome=rng.choice(outcomes),
            steps=rng.choice((0, 0, 3)),
            closing=rng.choice((0.0, 0.01, 0.01, 1.5)),
            stubborn=rng.random() < 0.1,
        )


class Worker:
    """One run's process."""

    def __init__(self, launcher: "SimulatedLauncher", task: Task, name: str, course: _Course) -> None:
        self.key = RunKey(task.id, task.attempt)
        self.task = task
        self.entered = False
        self._launcher = launcher
        self._course = course
        self._loop = launcher.loop
        self._process = self._loop.process(name)
        context = copy_context()
        context.run(OWNER.set, self._process)
        self._life = self._loop.create_task(self._live(), name=name, context=context)

    @property
    def dies_within(self) -> float:
        """How long (s) it may take to close down once it is asked to."""
        return inf if self._course.stubborn else self._course.closing

    def signal(self, signal: WorkerSignal) -> None:
        match signal:
            case WorkerSignal.TERMINATE:
                if not self._course.stubborn:
                    self._life.cancel()
            case WorkerSignal.KILL:
                self.die(self._launcher.rng.random() * KILL_S)
            case WorkerSignal.SUSPEND:
                self._process.halted = True
            case WorkerSignal.RESUME:
                self._loop.resume(self._process)

    def die(self, delay: float) -> None:
        """Ends the process from outside, whatever it is doing."""
        # In a context of its own, so that it happens even if whoever asks for it is frozen or dead by then.
        self._loop.call_later(delay, self._dead, -9, context=Context())

    async def _live(self) -> None:
        course, tell = self._course, self._launcher.tell
        try:
            await asyncio.sleep(course.start)
            self.entered = True
            self._launcher.enter(self)
            for step in range(course.steps + 1):
                await asyncio.sleep(course.seconds / (course.steps + 1))
                if step < course.steps:
                    tell(Progressed(self.key, (step + 1) / (course.steps + 1), f"step {step}"))
            outcome = course.outcome
        except asyncio.CancelledError:
            outcome = RunOutcome.CANCELLED
        status = 0 if outcome else -11
        if outcome is not None:
            error = RunError(type="Planned", message="as the seed says") if outcome is RunOutcome.FAILED else None
            tell(Reported(self.key, outcome, self._launcher.clock.wall_ms(), result=self.key.attempt, error=error))
            try:
                await asyncio.sleep(course.closing)
            except asyncio.CancelledError:
                status = -15
        self._dead(status)

    def _dead(self, status: int) -> None:
        if self._launcher.bury(self):
            self._launcher.tell(Gone(self.key, status))
            self._process.halted = True


class SimulatedLauncher:
    """`WorkerLauncher` of one node process; `die` is what happens to its workers when that process dies."""

    def __init__(
        self, node: Node, process: Process, loop: VirtualLoop, clock: Clock, history: History, weather: Weather
    ) -> None:
        self.loop = loop
        self.clock = clock
        self.rng = weather.rng
        self._node = node
        self._process = process
        self._history = history
        self._weather = weather
        self._workers: dict[RunKey, Worker] = {}
        self._events: asyncio.Queue[WorkerEvent] = asyncio.Queue()
        self._empty = asyncio.Event()

    async def launch(self, tasks: Sequence[Task]) -> None:
        if self.rng.random() < self._weather.launch_failures:
            raise WorkerLaunchFailed
        for task in tasks:
            self.start(task)

    def start(self, task: Task) -> None:
        """Starts one worker."""
        name = f"{self._process.name}/{task.id}.{task.attempt}"
        course = _Course.drawn(self.rng, task)
        if self._weather.breaks(task.class_name, self._node.id):
            course = replace(course, start=0.002, seconds=0.01, outcome=RunOutcome.FAILED)
        elif self._weather.calm and course.outcome is not RunOutcome.FINISHED:
            # Else breakers open for random failures, for minutes, and seeds would take so long.
            course = replace(course, seconds=max(course.seconds, AT_ONCE_S + 0.1))
        worker = Worker(self, task, name, course)
        self._workers[worker.key] = worker

    async def signal(self, key: RunKey, signal: WorkerSignal) -> None:
        worker = self._workers.get(key)
        if worker is not None:
            worker.signal(signal)

    async def update(self, key: RunKey, attachments: Any) -> None:
        if key in self._workers:
            self._history.note(Updated(key, attachments))

    async def events(self) -> AsyncIterator[WorkerEvent]:
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        self.die(KILL_S)
        if self._workers:
            self._empty.clear()
            await self._empty.wait()

    def die(self, within: float) -> None:
        """Ends every worker."""
        for worker in self._workers.values():
            worker.die(self.rng.random() * within)

    def enter(self, worker: Worker) -> None:
        node, task = self._node, worker.task
        entered = Entered(worker.key, self._process.name, node.id, task.slots, node.slots, worker.dies_within)
        self._history.note(entered)
        self.tell(MainStarted(worker.key, self.clock.wall_ms()))

    def bury(self, worker: Worker) -> bool:
        """Strikes a dead worker off; says whether it had been alive."""
        if self._workers.get(worker.key) is not worker:
            return False
        del self._workers[worker.key]
        if not self._workers:
            self._empty.set()
        self._history.note(Died(worker.key, self._process.name, worker.entered))
        return True

    def tell(self, event: WorkerEvent) -> None:
        self._events.put_nowait(event)


_: type[WorkerLauncher] = SimulatedLauncher
