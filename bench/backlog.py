"""A large backlog on SQLite, and a dispatcher over it without processes around it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.sqlite.engine import SqliteEngine
from skalds.config.timings import Timings
from skalds.model.lease import Duty
from skalds.model.node import Beat, Node
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
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
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.surroundings import Surroundings

CLASSES = [f"Worker{number}" for number in range(20)]
ZONES = 10
TENANTS = 50
_BATCH = 5_000
_CHANGES_AT_ONCE = 1_000


def backlog(count: int, lanes: int, seed: int = 1) -> Sequence[Task]:
    """`count` tasks in `lanes` lanes, at most 200 shapes x 50 tenants, eligible one after the other."""
    chance = random.Random(seed)
    tasks = []
    for number in range(count):
        lane = chance.randrange(lanes)
        shape, tenant = lane % (len(CLASSES) * ZONES), lane // (len(CLASSES) * ZONES)
        tasks.append(
            Task(
                id=f"task-{seed}-{number:09}",
                class_name=CLASSES[shape % len(CLASSES)],
                requires={"zone": str(shape // len(CLASSES))},
                tenant=f"tenant-{tenant}",
                source="bench",
                create_date_time=number,
                update_date_time=number,
                eligible_at=number,
            )
        )
    return tasks


async def fill(data_dir: Path, tasks: Sequence[Task]) -> None:
    """Stores the tasks in a new data directory."""
    engine = await SqliteEngine.open(data_dir, SystemClock(), role="controller", holds_lock=True)
    for start in range(0, len(tasks), _BATCH):
        await engine.intake.submit(tasks[start : start + _BATCH])
        await engine.checkpoint()
    await engine.close()


class Bench:
    """A dispatcher that leads, over nodes that only listen."""

    def __init__(self, engine: SqliteEngine, nodes: SqliteEngine) -> None:
        self._clock = SystemClock()
        self.engine = engine
        self._nodes = nodes
        timings = Timings(lease_ttl=timedelta(hours=1), lost=timedelta(hours=1), suspect=timedelta(minutes=30))
        keys = LaneKeys(engine.lanes)
        cluster = Cluster(Fleet(), LiveRuns(keys))
        picture = ClusterPicture(cluster, PolicyBook(engine, self._clock), Breakers(self._clock), 60_000)
        around = Surroundings(engine, self._clock, TimeOrderedIds(self._clock), random.Random(1), timings, "bench")
        self.leadership = Leadership(Duty.DISPATCHER, "bench", engine.leases, self._clock, timings)
        self.tail = ChangeTail(engine.ledger, cluster.live_runs, keys, self._clock)
        self._watch = NodeWatch(engine.directory, cluster.fleet, self._clock, timings)
        policy = DispatchPolicy("LEAST_TASKS", timedelta(hours=1))
        self.dispatcher = Dispatcher(self.leadership, Sight(picture, keys, self.tail.run_once), policy, around)
        self.tail.listeners.append(self.dispatcher.follow)
        self._cluster = cluster

    async def join(self, count: int, slots: int) -> None:
        """Registers nodes and takes the lease."""
        for number in range(count):
            labels = {"zone": str(number % ZONES)}
            node = Node(f"node-{number}", "node", frozenset(CLASSES), slots, labels)
            session = await self._nodes.directory.register(node, self._clock.wall_ms())
            await self._nodes.directory.beat(Beat(node.id, session, 1))
        await self._watch.run_once()
        await self.leadership.run_once()
        await self.tail.run_once()

    async def submit(self, tasks: Sequence[Task]) -> None:
        """Stores more tasks, and tells the dispatcher."""
        await self.engine.intake.submit(tasks)
        await self.tail.run_once()

    async def run_pass(self) -> int:
        """One pass, announcements included; returns how many tasks were given away."""
        return await self.dispatcher._dispatch_tasks()

    async def free_all(self) -> None:
        """Ends every run, so that the nodes are empty again."""
        runs, _ = await self.engine.ledger.live_runs()
        tasks = await self.engine.catalog.get_many([run.task_id for run in runs])
        now = self._clock.wall_ms()
        accepted = [lifecycle.accept(task, now) for task in tasks]
        ended = [lifecycle.finish(task, now, result=None, started=now, ended=now) for task in accepted]
        released = [lifecycle.release(task, now) for task in ended]
        for before, after in ((tasks, accepted), (accepted, ended), (ended, released)):
            changes = [Change(*pair) for pair in zip(before, after, strict=True)]
            for start in range(0, len(changes), _CHANGES_AT_ONCE):
                await self.engine.ledger.write(changes[start : start + _CHANGES_AT_ONCE], durable=False)
        # Reads the rows too: a feed may tell of them a little later.
        await self.tail.audit()


@contextlib.asynccontextmanager
async def bench(data_dir: Path, nodes: int, slots: int) -> AsyncIterator[Bench]:
    """A dispatcher over this data directory and `nodes` nodes with `slots` slots each (0: unlimited)."""
    clock = SystemClock()
    engine = await SqliteEngine.open(data_dir, clock, role="controller", holds_lock=True)
    other = await SqliteEngine.open(data_dir, clock, role="node")
    made = Bench(engine, other)
    listeners = [asyncio.create_task(_listen(other, f"node-{number}")) for number in range(nodes)]
    try:
        await engine.directory.presences()
        await made.join(nodes, slots)
        yield made
    finally:
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
        await other.close()
        await engine.close()


async def _listen(engine: SqliteEngine, node_id: str) -> None:
    async with engine.bus.listen(node_id) as messages:
        async for _ in messages:
            pass
