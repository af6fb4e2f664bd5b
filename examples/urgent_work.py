"""Long work that leaves for urgent work, and goes on where it was.

    SKALD_SLOTS=1 SKALD_RESERVED_SLOTS=0:8 skalds up --app examples/urgent_work.py
    python examples/urgent_work.py send                              # another URL: as its second argument

`0:8` keeps no slot free, and says that tasks of priority 8 and more are urgent on this node: while one of them waits
for nothing but room, a `preemptible` run of lower priority is stopped and handed back. That is counted against nobody,
and the next run begins with the last checkpoint. The node must have a single slot here, or there is room for both.
"""

import asyncio
import sys
import time

from pydantic import BaseModel

from skalds import Skalds
from skalds.client import SkaldsClient
from skalds.worker.baseclass import BaseTaskWorker, run_main_handler


class Steps(BaseModel):
    steps: int
    seconds_per_step: float = 0.1


class Simulation(BaseTaskWorker[Steps]):
    """Takes its steps one by one, and remembers how many it has taken."""

    def initialize(self, data: Steps) -> None:
        self.data = data

    @run_main_handler
    def main(self) -> dict[str, int]:
        first: int = self.last_checkpoint or 0
        for step in range(first, self.data.steps):
            time.sleep(self.data.seconds_per_step)
            self.checkpoint(step + 1)
            self.progress((step + 1) / self.data.steps)
        return {"steps": self.data.steps, "takenByLastRun": self.data.steps - first}


async def send(url: str) -> None:
    long = {"className": "Simulation", "preemptible": True, "attachments": {"steps": 50}}
    urgent = {"className": "Simulation", "priority": 9, "attachments": {"steps": 3}}
    async with SkaldsClient(url) as client:
        first = await client.submit(long)
        while not (await client.get(first.id)).checkpoint:  # noqa: ASYNC110 - there is no event of a checkpoint
            await asyncio.sleep(0.1)
        second = await client.submit(urgent)
        for task in await client.wait([second.id, first.id], timeout=120):
            print(f"priority {task.priority}:", [run.outcome for run in task.runs], task.result)


if len(sys.argv) > 1:
    asyncio.run(send(*sys.argv[2:] or ["http://127.0.0.1:8000"]))
else:
    app = Skalds()
    app.register_task_worker(Simulation)
    app.run()
