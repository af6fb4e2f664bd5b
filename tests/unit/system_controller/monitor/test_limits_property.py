"""No node, tenant or key is ever over its limit, whoever leads, however late the feed is read, whatever gets lost."""

import asyncio
import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.errors import SkaldsError
from skalds.model.lease import Duty
from skalds.model.policy import TenantPolicy
from skalds.planning import lifecycle
from tests.unit.system_controller.monitor.ports_with_faults import QueueWithFaults, nothing
from tests.unit.system_controller.world import Replica, World

SLOTS = {"n1": 2, "n2": 3}
TENANTS = {"a": 2, "b": 3}
KEYS = {"k": 1, "l": 2}
OFTEN = ["submit", "dispatch", "dispatch", "move", "move"]
STEPS = [*OFTEN, *OFTEN, "tail", "audit", "lead", "usurp", "faults", "rejoin", "wait"]


class Life:
    """Two controllers that take the lead from each other over one store, and what happens to their tasks."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World()
        self.world.engine.queue = self.queue = QueueWithFaults(self.world)
        self.replicas = [Replica(self.world, name, seed=seed) for name in ("controller-1", "controller-2")]
        self.sessions: dict[str, int] = {}
        self.submitted = 0

    async def begin(self) -> None:
        for name, slots in SLOTS.items():
            self.sessions[name] = await self.world.join(name, slots=slots)
        for tenant, limit in TENANTS.items():
            await self.replicas[0].policies.set_tenant(tenant, TenantPolicy(max_running=limit))
        for key, limit in KEYS.items():
            await self.replicas[0].policies.set_key_limit(key, limit)
        for replica in self.replicas:
            await replica.observe()

    async def step(self) -> None:
        await getattr(self, self.rng.choice(STEPS))()

    async def submit(self) -> None:
        self.submitted += 1
        tenant, key = self.rng.choice("ab"), self.rng.choice([None, None, "k", "l"])
        slots = self.rng.randrange(3)
        await self.world.submit(f"t{self.submitted}", tenant=tenant, concurrency_key=key, slots=slots)

    async def dispatch(self) -> None:
        replica = self.rng.choice(self.replicas)
        try:
            await replica.dispatcher._dispatch_tasks()
        except SkaldsError:
            pass
        finally:
            self.queue.answer_is_lost = self.queue.claim_is_lost = self.queue.reading_back_fails = False
            self.queue.before_claim = nothing

    async def faults(self) -> None:
        """The next commit ends unknown, or is overtaken by another leader's, or by an operator."""
        match self.rng.randrange(4):
            case 0:
                self.queue.answer_is_lost = True
            case 1:
                self.queue.claim_is_lost = True
            case 2:
                self.queue.answer_is_lost = self.queue.reading_back_fails = True
            case _:
                self.queue.before_claim = self.cancel_one

    async def cancel_one(self) -> None:
        created = [task for task in self.world.store.rows.values() if task.lifecycle_status == "Created"]
        if created:
            await self.world.move(self.rng.choice(created).id, lifecycle.cancel)

    async def move(self) -> None:
        runs, _ = await self.world.engine.ledger.live_runs()
        if not runs:
            return
        run = self.rng.choice(list(runs))
        if run.status == "Assigning":
            await self.world.move(run.task_id, self.rng.choice([lifecycle.accept, lifecycle.refuse]))
        elif run.status == "Running" and self.rng.random() < 0.3:
            await self.world.move(run.task_id, lifecycle.lose)
        elif run.status == "Running":
            await self.world.finish(run.task_id)

    async def tail(self) -> None:
        await self.rng.choice(self.replicas).tail.run_once()

    async def audit(self) -> None:
        await self.rng.choice(self.replicas).tail.audit()

    async def lead(self) -> None:
        """One resigns, the other takes over."""
        leader, other = self.rng.sample(self.replicas, 2)
        await leader.dispatching.resign()
        await other.dispatching.run_once()

    async def usurp(self) -> None:
        """The lead goes to the other one, and who had it does not know."""
        other = self.rng.choice(self.replicas)
        row = await self.world.engine.leases.read(Duty.DISPATCHER)
        now = self.world.clock.wall_ms() + 10_000
        taken = await self.world.engine.leases.take(Duty.DISPATCHER, other.around.name, row, now)
        other.dispatching._become(taken, self.world.clock.monotonic())

    async def rejoin(self) -> None:
        """A node starts again; the runs of its old session are lost, as recovery sees them."""
        name = self.rng.choice(list(SLOTS))
        for task in await self.world.engine.ledger.runs_of(name, self.sessions[name]):
            await self.world.move(task.id, lifecycle.lose)
        self.sessions[name] = await self.world.join(name, slots=SLOTS[name])
        await self.rng.choice(self.replicas).watch.run_once()

    async def wait(self) -> None:
        await self.world.clock.advance(0.5)
        for name, session in self.sessions.items():
            await self.world.beat(name, session)
        for replica in self.replicas:
            await replica.watch.run_once()

    async def check(self) -> None:
        runs, _ = await self.world.engine.ledger.live_runs()
        tasks = [await self.world.task(run.task_id) for run in runs]
        slots: Counter[str] = Counter()
        for task in tasks:
            slots[task.executor or ""] += task.slots
        tenants = Counter(task.tenant for task in tasks)
        keys = Counter(task.concurrency_key for task in tasks if task.concurrency_key)
        for used, limits in ((slots, SLOTS), (tenants, TENANTS), (keys, KEYS)):
            assert {name: count for name, count in used.items() if count > limits[name]} == {}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_no_limit_is_ever_exceeded(seed: int) -> None:
    asyncio.run(_live(seed))


async def _live(seed: int) -> None:
    life = Life(seed)
    await life.begin()
    for _ in range(100):
        await life.step()
        await life.check()
