"""A simulated controller host: every service of a real controller over a faulty engine."""

from datetime import timedelta

from skalds.config._enum import DispatcherStrategyEnum, SystemControllerModeEnum
from skalds.runtime.service import ServiceGroup
from skalds.system_controller.controller import Controller
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.surroundings import Surroundings
from skalds.testing.counting_ids import CountingIds
from skalds.testing.simulation.host import Host, Program

_INTERVAL = timedelta(seconds=5)

_KEPT = timedelta(days=40_000)
"""Retention goes by wall clock, and those of the simulation jump to 1970: only what is older may be forgotten."""


class SimulatedController(Host):
    """A machine that runs a controller of mode DISPATCHER."""

    role = "controller"

    def make(self, number: int) -> Program:
        return Program(self, number)

    async def run(self, program: Program) -> None:
        strategies = DispatcherStrategyEnum
        strategy = program.rng.choice((strategies.LEAST_TASKS, strategies.ROUND_ROBIN, strategies.RANDOM))
        ids = CountingIds(program.name.replace("#", "-"))
        around = Surroundings(program.engine, self.clock, ids, program.rng, self.world.timings, program.name)
        policy = DispatchPolicy(strategy, _INTERVAL, "default")
        controller = Controller(around, SystemControllerModeEnum.DISPATCHER, policy, _KEPT)
        await ServiceGroup(controller.services()).run_until(program.shutdown.event)
