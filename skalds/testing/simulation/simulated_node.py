"""A simulated node host: a real agent and supervisor over a faulty engine and a simulated launcher."""

from skalds.model.node import Node
from skalds.node.agent import NodeAgent
from skalds.node.supervisor import Supervisor
from skalds.runtime.service import ServiceGroup
from skalds.testing.simulation.host import Host, Program
from skalds.testing.simulation.simulated_launcher import DEATH_WITH_NODE_S, SimulatedLauncher
from skalds.testing.simulation.world import World


class _NodeProgram(Program):
    def __init__(self, host: "SimulatedNode", number: int) -> None:
        super().__init__(host, number)
        world = self.world
        self.launcher: SimulatedLauncher = world.parts.launcher(
            host.node, self.process, world.loop, self.clock, world.history, world.weather
        )

    def kill(self) -> None:
        if self.alive:
            self.launcher.die(DEATH_WITH_NODE_S)
        super().kill()


class SimulatedNode(Host):
    """A machine that runs a node."""

    role = "node"

    def __init__(self, name: str, world: World, node: Node) -> None:
        super().__init__(name, world)
        self.node = node

    def make(self, number: int) -> Program:
        return _NodeProgram(self, number)

    async def run(self, program: Program) -> None:
        assert isinstance(program, _NodeProgram)  # noqa: S101 - made above
        grace = self.world.timings.cancel_grace.total_seconds()
        agent = NodeAgent(
            self.node,
            program.engine,
            program.launcher,
            self.clock,
            self.world.timings,
            lambda: Supervisor(self.node, grace, program.rng),
            program.shutdown,
        )
        await ServiceGroup([agent]).run_until(program.shutdown.event)
