"""A simulated controller host: every service of a real controller over a faulty engine."""

from datetime import timedelta

from skalds.config._enum import SystemControllerModeEnum
from skalds.planning.strategies.registry import STRATEGIES
from skalds.runtime.service import ServiceGroup
from skalds.system_controller.controller import Controller, ControllerOptions
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings
from skalds.testing.counting_ids import CountingIds
from skalds.testing.simulation.host import Host, Program
from skalds.testing.simulation.world import World

_INTERVAL = timedelta(seconds=5)

_KEPT = timedelta(days=40_000)
"""Retention goes by wall clock, and those of the simulation jump to 1970: only what is older may be forgotten."""


class SimulatedController(Host):
    """A machine that runs a controller of mode DISPATCHER."""

    role = "controller"

    def __init__(self, name: str, world: World) -> None:
        super().__init__(name, world)
        self._controllers: list[Controller] = []

    @property
    def stalled(self) -> int:
        """How many tasks the watchdogs of its programs found overlooked."""
        return sum(one.dispatcher.stats.stalled_total for one in self._controllers if one.dispatcher)

    def make(self, number: int) -> Program:
        return Program(self, number)

    async def run(self, program: Program) -> None:
        strategy = program.rng.choice([str(name) for name in STRATEGIES])
        ids = CountingIds(program.name.replace("#", "-"))
        around = Surroundings(program.engine, self.clock, ids, program.rng, self.world.timings, program.name)
        policy = DispatchPolicy(strategy, _INTERVAL)
        controller = Controller(
            around, SystemControllerModeEnum.DISPATCHER, policy, ControllerOptions(_KEPT, strategies=STRATEGIES)
        )
        self._controllers.append(controller)
        await ServiceGroup(controller.services()).run_until(program.shutdown.event)
