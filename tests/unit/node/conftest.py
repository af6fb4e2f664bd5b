"""A node agent in a world of one shared store, with a controller that is driven by hand."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest

from skalds.adapters.memory.engine import MemoryEngine
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.node.agent import NodeAgent
from skalds.node.supervisor import Supervisor
from skalds.runtime.shutdown_signals import ShutdownRequest
from skalds.testing import a_node
from tests.unit.node.fake_launcher import FakeLauncher
from tests.unit.system_controller.world import TIMINGS, Replica, World

NAME = "node-1"


class Machine:
    """One node process with everything around it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.controller = Replica(world)
        self.launcher = FakeLauncher()
        self.shutdown = ShutdownRequest()
        self.engine = MemoryEngine(world.store, world.clock)
        self.load: float | None = 0.25
        node = a_node(id=NAME)
        self.slots = node.slots
        self.agent = NodeAgent(
            node,
            self.engine,
            self.launcher,
            world.clock,
            TIMINGS,
            lambda: Supervisor(node, TIMINGS.cancel_grace.total_seconds(), random.Random(7)),
            self.shutdown,
            self,
        )

    def sample(self) -> float | None:
        """`MachineLoad`: as the test says."""
        return self.load

    async def start(self) -> None:
        await self.agent.start()
        await self.world.clock.settle()

    async def settle(self) -> None:
        """Lets everything happen that needs no time; stopping takes many small steps."""
        for _ in range(5):
            await self.world.clock.settle()

    async def run(self, *names: str) -> None:
        """Submits and assigns the tasks; the node hears of it."""
        await self.world.submit(*names)
        await self.controller.dispatch()
        await self.world.clock.settle()

    async def status(self, name: str = "t") -> str:
        return (await self.world.task(name)).lifecycle_status

    async def session(self) -> tuple[int, bool]:
        """The latest session of this node's id and whether it is closed."""
        registration = await self.engine.directory.registration_of(NAME)
        assert registration is not None
        return registration.session, registration.closed

    async def write(self, changes: Sequence[Change]) -> Sequence[bool]:
        return await self.engine.ledger.write(changes, durable=True)

    async def give_away(self, name: str, after: Task) -> None:
        """The store says something else about a task than this node knows."""
        assert list(await self.write([Change(await self.world.task(name), after)])) == [True]


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    """A node that has started; it is stopped at the end of the test if the test did not do it."""
    machine = Machine(World())
    await machine.start()
    yield machine
    if not machine.launcher.closed:
        stopping = asyncio.create_task(machine.agent.stop())
        await machine.world.clock.advance(60)
        await stopping
