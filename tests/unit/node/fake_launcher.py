"""A launcher whose workers live in memory and do what the test says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from skalds.errors import WorkerLaunchFailed
from skalds.model.task import RunError, Task
from skalds.ports.worker_launcher import Gone, MainStarted, Reported, RunKey, RunOutcome, WorkerEvent, WorkerLauncher
from skalds.ports.worker_launcher import WorkerSignal as Signal


class FakeLauncher:
    """`WorkerLauncher` without processes: workers start at once, and obey TERMINATE unless they are `stubborn`; a
    `broken` one can start nothing."""

    def __init__(self) -> None:
        self.launched: list[RunKey] = []
        self.alive: dict[RunKey, Task] = {}
        self.signals: list[tuple[RunKey, Signal]] = []
        self.updates: list[tuple[RunKey, Any]] = []
        self.stubborn = False
        self.broken = False
        self.closed = False
        self._events: asyncio.Queue[WorkerEvent] = asyncio.Queue()

    async def launch(self, tasks: Sequence[Task]) -> None:
        if self.broken:
            raise WorkerLaunchFailed
        for task in tasks:
            key = RunKey(task.id, task.attempt)
            self.launched.append(key)
            self.alive[key] = task
            self._events.put_nowait(MainStarted(key, 0))

    async def signal(self, key: RunKey, signal: Signal) -> None:
        self.signals.append((key, signal))
        if signal is Signal.KILL:
            self.leave(key, -9)
        elif signal is Signal.TERMINATE and not self.stubborn and key in self.alive:
            self.end(key, RunOutcome.CANCELLED)

    async def update(self, key: RunKey, attachments: Any) -> None:
        self.updates.append((key, attachments))

    async def events(self) -> AsyncIterator[WorkerEvent]:
        while True:
            yield await self._events.get()

    async def close(self) -> None:
        self.closed = True
        for key in list(self.alive):
            self.leave(key, -9)

    def end(self, key: RunKey, outcome: RunOutcome, result: object = None, error: RunError | None = None) -> None:
        """The worker reports and goes."""
        self._events.put_nowait(Reported(key, outcome, 0, result, error))
        self.leave(key, 0)

    def leave(self, key: RunKey, status: int) -> None:
        """The worker's process ends."""
        if self.alive.pop(key, None) is not None:
            self._events.put_nowait(Gone(key, status))

    def signals_to(self, key: RunKey) -> list[Signal]:
        return [signal for target, signal in self.signals if target == key]


_: type[WorkerLauncher] = FakeLauncher
