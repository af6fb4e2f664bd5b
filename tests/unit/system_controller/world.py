"""One shared store on a clock that stands, and controllers and nodes that live on it."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from skalds.adapters.memory.engine import MemoryEngine
from skalds.adapters.memory.memory_store import MemoryStore
from skalds.config._enum import DispatcherStrategyEnum
from skalds.config.timings import Timings
from skalds.model.lease import Duty
from skalds.model.node import Beat
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused
from skalds.ports.engine import Engine
from skalds.system_controller.breakers import Breakers
from skalds.system_controller.change_tail import ChangeTail
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.fleet import Cluster, Fleet
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.monitor.dispatcher import Dispatcher, Sight
from skalds.system_controller.monitor.node_watch import NodeWatch
from skalds.system_controller.monitor.task_recovery import TaskRecovery
from skalds.system_controller.monitor.watchdog import Watchdog
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.surroundings import Surroundings
from skalds.testing import CountingIds, FakeClock, a_node, a_task

AGEING_STEP_MS = 60_000
TIMINGS = Timings()
POLICY = DispatchPolicy(DispatcherStrategyEnum.LEAST_TASKS.value, timedelta(seconds=5))


class World:
    """The store, the clock, and what tests do to tasks without any controller."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(AGEING_STEP_MS)
        self.engine = MemoryEngine(self.store, self.clock)
        self._beats = 0

    async def submit(self, *names: str, **changes: Any) -> None:
        now = self.clock.wall_ms()
        await self.engine.intake.submit([a_task(**{"id": name, "eligible_at": now, **changes}) for name in names])

    async def join(self, name: str, **changes: Any) -> int:
        """Registers a node and lets it beat; returns its session."""
        session = await self.engine.directory.register(a_node(id=name, **changes), self.clock.wall_ms())
        await self.beat(name, session)
        return session

    async def beat(self, name: str, session: int, **changes: Any) -> None:
        self._beats += 1
        await self.engine.directory.beat(Beat(name, session, self._beats, **changes))

    async def task(self, name: str) -> Task:
        task = await self.engine.catalog.get(name)
        assert task is not None
        return task

    async def move(self, name: str, move: Callable[[Task, int], Task | Refused]) -> Task:
        """Makes a move of the life cycle, as its maker would."""
        before = await self.task(name)
        after = move(before, self.clock.wall_ms())
        assert isinstance(after, Task), after
        assert list(await self.engine.ledger.write([Change(before, after)], durable=True)) == [True]
        return after

    async def accept(self, *names: str) -> None:
        for name in names:
            await self.move(name, lifecycle.accept)

    async def finish(self, name: str) -> None:
        await self.move(name, lambda task, now: lifecycle.finish(task, now, result=None, started=now, ended=now))
        await self.move(name, lifecycle.release)

    async def placed(self) -> dict[str, str | None]:
        """The executor of each task that holds a slot."""
        runs, _ = await self.engine.ledger.live_runs()
        return {run.task_id: run.node_id for run in runs}

    async def statuses(self, *names: str) -> list[str]:
        return [(await self.task(name)).lifecycle_status for name in names]


class Replica:
    """The parts of one controller, to be driven by hand."""

    def __init__(self, world: World, name: str = "controller-1", engine: Engine | None = None, seed: int = 7) -> None:
        engine = engine or world.engine
        self.world = world
        self.keys = LaneKeys(engine.lanes)
        self.cluster = Cluster(Fleet(), LiveRuns(self.keys))
        self.policies = PolicyBook(engine, world.clock)
        self.breakers = Breakers(world.clock)
        self.picture = ClusterPicture(self.cluster, self.policies, self.breakers, AGEING_STEP_MS)
        self.around = Surroundings(engine, world.clock, CountingIds(name), random.Random(seed), TIMINGS, name)
        self.dispatching = Leadership(Duty.DISPATCHER, name, engine.leases, world.clock, TIMINGS)
        self.monitoring = Leadership(Duty.MONITOR, name, engine.leases, world.clock, TIMINGS)
        self.tail = ChangeTail(engine.ledger, self.cluster.live_runs, self.keys, world.clock)
        self.watch = NodeWatch(engine.directory, self.cluster.fleet, world.clock, TIMINGS)
        self.recovery = TaskRecovery(self.monitoring, self.cluster, engine, world.clock, TIMINGS)
        sight = Sight(self.picture, self.keys, self.catch_up)
        self.dispatcher = Dispatcher(self.dispatching, sight, POLICY, self.around)
        self.watchdog = Watchdog(self.dispatching, self.dispatcher, self.around, sight, self.tail)
        self.tail.listeners += [self.breakers.follow, self.dispatcher.follow]

    async def catch_up(self) -> None:
        """As the controller does before its first pass of a term."""
        await self.tail.run_once()
        await self.policies.refresh()

    async def observe(self) -> None:
        """Renews leases and both pictures of the cluster."""
        await self.dispatching.run_once()
        await self.monitoring.run_once()
        await self.watch.run_once()
        await self.policies.refresh()
        await self.tail.run_once()

    async def dispatch(self) -> int:
        """One pass on a fresh view of the cluster."""
        await self.observe()
        return await self.dispatcher._dispatch_tasks()

    async def recover(self) -> None:
        await self.observe()
        await self.recovery.run_once()

    async def live_for(self, seconds: float, beating: Sequence[tuple[str, int]] = ()) -> None:
        """Lets time pass in seconds, with beats of these sessions, observing and recovering in each."""
        for _ in range(round(seconds)):
            await self.world.clock.advance(1)
            for node, session in beating:
                await self.world.beat(node, session)
            await self.recover()
