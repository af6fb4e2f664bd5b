"""The distributed engine on real servers of this machine: claims, passes, what an event and a quiet fleet cost."""

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import uvloop

from bench.backlog import Bench, backlog
from bench.figure import Figure
from bench.mongo_backlog import fill, raw_rate
from bench.system import APP, MeasuredSystem
from skalds.adapters.distributed.engine import DistributedEngine, Role, drop_database
from skalds.adapters.distributed.options import DistributedOptions
from skalds.adapters.kafka.event_bus import KafkaEventBus
from skalds.adapters.kafka.options import KafkaOptions
from skalds.adapters.mongo.options import MongoOptions
from skalds.adapters.process.system_clock import SystemClock
from skalds.adapters.process.time_ordered_ids import TimeOrderedIds
from skalds.adapters.redis.options import RedisOptions
from skalds.model.event import TaskEvent, Topic
from skalds.ports.event_bus import BusMessage
from skalds.runtime.garbage_collection import calm_collector
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.kind import Kind, Service
from skalds.testing.services.kinds import KAFKA, MONGO, REDIS
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.place import Place
from skalds.testing.services.redis_server import RedisServer
from skalds.testing.services.shared import discard_all
from skalds.testing.waiting import wait_for

LARGE, SMALL, LANES = 1_000_000, 1_000, 1_000
ROUNDS = 5
CLAIMS_A_ROUND = 10_000
PASSES = 9
FLEETS = (1, 64, 256)
PARTITIONS = 64
EVENTS_A_NODE = 20
IDLE_NODES = 1_000
IDLE_SECONDS, IDLE_WINDOWS = 10.0, 3


@dataclass(frozen=True, slots=True)
class Servers:
    """The three, started for this measurement alone."""

    mongo: MongoServer
    kafka: KafkaServer
    redis: RedisServer

    def options(self) -> DistributedOptions:
        """A database, topics and keys of their own."""
        name = f"bench_{os.urandom(4).hex()}"
        return DistributedOptions(
            MongoOptions(uri=self.mongo.uri, database=name),
            KafkaOptions(servers=(self.kafka.bootstrap,), prefix=f"{name}.", partitions=PARTITIONS),
            RedisOptions(url=self.redis.uri, prefix=name),
        )

    def environment(self) -> dict[str, str]:
        """The same as settings of processes."""
        return {
            "SKALDS_ENGINE": "distributed",
            "MONGO_HOST": self.mongo.uri,
            "KAFKA_HOST": self.kafka.bootstrap,
            "REDIS_URL": self.redis.uri,
            "DB_NAME": f"bench_{os.urandom(4).hex()}",
        }


def measure() -> Sequence[Figure]:
    """Starts the servers and measures; filling the large collection takes most of the time."""
    with _servers() as servers:
        calm_collector()
        return [
            *uvloop.run(_claims_and_passes(servers)),
            *uvloop.run(_events(servers)),
            _idle(servers),
            _lost(servers),
        ]


@contextlib.contextmanager
def _servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory:
        folder = Path(directory)

        def start(kind: Kind[Service]) -> Service:
            place = folder / kind.name
            return kind.start_new(Place(place, os.getpid(), place))

        try:
            yield Servers(start(MONGO), start(KAFKA), start(REDIS))
        finally:
            for kind in (MONGO, KAFKA, REDIS):
                discard_all(folder / kind.name)


async def _open(options: DistributedOptions, role: Role) -> DistributedEngine:
    clock = SystemClock()
    return await DistributedEngine.open(options, clock, TimeOrderedIds(clock), role=role)


@contextlib.asynccontextmanager
async def _scene(options: DistributedOptions, slots: int, nodes: int = 50) -> AsyncIterator[Bench]:
    """A dispatcher that leads, over nodes that only listen."""
    engine, other = await _open(options, "controller"), await _open(options, "node")
    made = Bench(engine, other)
    try:
        await engine.directory.presences()
        await made.join(nodes, slots)
        yield made
        await made.leadership.resign()
    finally:
        await other.close()
        await engine.close()


async def _claims_and_passes(servers: Servers) -> Sequence[Figure]:
    large, small = servers.options(), servers.options()
    await fill(large.mongo, backlog(LARGE, LANES))
    async with _scene(large, SMALL // 50) as many, _scene(small, SMALL // 50) as few:
        passes = await _passes(many, few)
    async with _scene(large, 0) as scene:
        claims = await _claims(scene, large.mongo)
    for options in (large, small):
        await drop_database(options)
    return [*claims, passes]


async def _claims(scene: Bench, options: MongoOptions) -> Sequence[Figure]:
    """Plan, commit and announce on unlimited nodes, in turn with bare writes to the same collection."""
    rates: list[float] = []
    raw_rates: list[float] = []
    await scene.run_pass()
    for _ in range(ROUNDS):
        claimed, started = 0, time.perf_counter()
        while claimed < CLAIMS_A_ROUND:
            claimed += await scene.run_pass()
        rates.append(claimed / (time.perf_counter() - started))
        raw_rates.append(await raw_rate(options, CLAIMS_A_ROUND))
        # The bare writes happened behind its back: it looks at everything again before it is timed again.
        scene.dispatcher.follow([])
        await scene.run_pass()
    raw = statistics.median(raw_rates)
    shares = [rate / raw_one for rate, raw_one in zip(rates, raw_rates, strict=True)]
    reference = {"raw tasks/s": raw}
    return [
        Figure("durable claim, distributed, 1,000,000 documents", "tasks/s", rates, 6_000, False, reference),
        Figure("the same, as a part of raw", "x", shares, 1 / 3, at_most=False),
    ]


async def _passes(many: Bench, few: Bench) -> Figure:
    """The same pass (1,000 free slots) over both collections, in turn; the small one is filled up before each."""
    pairs = []
    for number in range(PASSES + 1):
        await few.submit(backlog(SMALL, LANES, seed=number + 2))
        pairs.append((await _pass_ms(few), await _pass_ms(many)))
    del pairs[0]  # in the first a leader reads every lane
    few_ms, many_ms = (statistics.median(side) for side in zip(*pairs, strict=True))
    reference = {"1,000 waiting ms": few_ms, "1,000,000 waiting ms": many_ms}
    ratios = [many_one / few_one for few_one, many_one in pairs]
    return Figure("one pass, distributed: 1,000,000 documents against 1,000", "x", ratios, 1.3, reference=reference)


async def _pass_ms(scene: Bench) -> float:
    await scene.free_all()
    started = time.perf_counter()
    while await scene.run_pass():
        pass
    return (time.perf_counter() - started) * 1000


async def _events(servers: Servers) -> Sequence[Figure]:
    """How many nodes read an event that is for one of them."""
    return [await _events_of(servers, nodes) for nodes in FLEETS]


async def _events_of(servers: Servers, nodes: int) -> Figure:
    options = servers.options().kafka
    sender = await KafkaEventBus.open(options, sends=True)
    bus = await KafkaEventBus.open(options, sends=False)
    async with contextlib.AsyncExitStack() as stack:
        inboxes = [await stack.enter_async_context(bus.listen(f"node-{number}")) for number in range(nodes)]
        started = time.process_time()
        for number in range(EVENTS_A_NODE):
            events = [
                BusMessage(Topic.ASSIGN, TaskEvent(recipient=f"node-{node}", task_ids=[f"task-{number}"]))
                for node in range(nodes)
            ]
            await sender.announce(events)
        for inbox in inboxes:
            for _ in range(EVENTS_A_NODE):
                await anext(inbox)
        spent = (time.process_time() - started) / (nodes * EVENTS_A_NODE) * 1e6
        read = bus.read / (nodes * EVENTS_A_NODE)
    await sender.close()
    await bus.close()
    # One reader is the node itself; of all others those read it that share its partition.
    limit = 1 + 2 * nodes / PARTITIONS
    return Figure(f"readers of an event, {nodes} nodes", "nodes", [read], limit, reference={"CPU µs per event": spent})


def _idle(servers: Servers) -> Figure:
    """Share of one core that a controller uses while a thousand nodes beat and nothing happens."""
    environment = servers.environment()
    with tempfile.TemporaryDirectory() as directory, LocalProcesses(Path(directory), environment) as processes:
        address = processes.start_controller()
        controller = psutil.Process(processes.processes["controller"].pid)
        with _beating(servers, environment["DB_NAME"]):
            wait_for(lambda: _online(address) == IDLE_NODES, 60)
            shares = [_share(controller) for _ in range(IDLE_WINDOWS)]
    return Figure(f"idle: controller with {IDLE_NODES:,} nodes through Redis", "% of one core", shares, 5)


@contextlib.contextmanager
def _beating(servers: Servers, database: str) -> Iterator[None]:
    """A thousand nodes that register and then only beat, in a process of their own."""
    command = ["-m", "bench.beating_fleet", str(IDLE_NODES), database]
    addresses = [servers.mongo.uri, servers.kafka.bootstrap, servers.redis.uri]
    with tempfile.TemporaryDirectory() as directory, LocalProcesses(Path(directory)) as processes:
        processes.start("fleet", sys.executable, *command, *addresses)
        yield


def _online(address: str) -> int:
    found: int = httpx.get(f"{address}/api/system/dashboard/summary", timeout=30).json()["onlineSkalds"]
    return found


def _share(process: psutil.Process) -> float:
    before, started = sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - started) * 100


def _lost(servers: Servers) -> Figure:
    """Seconds from the silence of a node to the next run of its task on another one."""
    with (
        tempfile.TemporaryDirectory() as directory,
        LocalProcesses(Path(directory), servers.environment()) as processes,
    ):
        address = processes.start_controller()
        for number in range(1, 4):
            processes.start_node(f"node-{number}", APP, slots=1)
        with httpx.Client(base_url=address, timeout=30) as http:
            system = MeasuredSystem(processes, http)
            system.wait_online(3)
            task_id = system.submit("Nap")
            wait_for(lambda: system.task(task_id)["lifecycleStatus"] == "Running", 10)
            lost = str(system.task(task_id)["executor"])
            processes.kill(lost, signal.SIGSTOP)
            started = time.perf_counter()
            wait_for(lambda: _runs_again(system, task_id), 30)
            seconds = time.perf_counter() - started
            processes.kill(lost)
    return Figure("node silent to its task running elsewhere, distributed", "s", [seconds], 12)


def _runs_again(system: MeasuredSystem, task_id: str) -> bool:
    task = system.task(task_id)
    return bool(task["lifecycleStatus"] == "Running" and task["attempt"] == 2)
