"""A node whose runs end at once without a process: it accepts and reports like any other, and costs next to nothing."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import uvloop

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config.timings import Timings
from skalds.model.moment import now_ms
from skalds.model.node import Node
from skalds.model.task import Task
from skalds.node.agent import NodeAgent
from skalds.node.supervisor import Supervisor
from skalds.ports.worker_launcher import Gone, Reported, RunKey, RunOutcome, WorkerEvent, WorkerSignal
from skalds.runtime.service import ServiceGroup
from skalds.runtime.shutdown_signals import listen_for_shutdown

CLASS_NAME = "Hollow"


class HollowLauncher:
    """Reports every run as finished and gone in the moment it is launched."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[WorkerEvent | None] = asyncio.Queue()

    async def launch(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            key = RunKey(task.id, task.attempt)
            self._events.put_nowait(Reported(key, RunOutcome.FINISHED, now_ms()))
            self._events.put_nowait(Gone(key, 0))

    async def signal(self, key: RunKey, signal: WorkerSignal) -> None: ...

    async def update(self, key: RunKey, attachments: Any) -> None: ...

    async def events(self) -> AsyncIterator[WorkerEvent]:
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        self._events.put_nowait(None)


async def _serve() -> None:
    clock, timings = SystemClock(), Timings()
    engine = await SqliteEngine.open(Path(os.environ["SKALDS_DATA_DIR"]), clock, role="node")
    node = Node("hollow", "node", frozenset({CLASS_NAME}), slots=0)
    with listen_for_shutdown(on_repeat=lambda _: os._exit(1)) as shutdown:
        rng = random.Random(1)
        grace = timings.cancel_grace.total_seconds()
        agent = NodeAgent(
            node, engine, HollowLauncher(), clock, timings, lambda: Supervisor(node, grace, rng), shutdown
        )
        try:
            await ServiceGroup([agent]).run_until(shutdown.event)
        finally:
            await engine.close()


if __name__ == "__main__":
    uvloop.run(_serve())
