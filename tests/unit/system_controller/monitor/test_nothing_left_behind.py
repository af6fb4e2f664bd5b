"""When all news were read nothing is left that could start, though few lanes were read again."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.plan import WaitReason
from skalds.model.policy import TenantPolicy
from skalds.planning import lifecycle
from skalds.planning.lifecycle import Refused
from tests.unit.system_controller.world import Replica, World

STEPS = ["submit"] * 5 + ["later", "operate", "operate", "move", "move", "move", "move", "tick", "hand_over", "limit"]


class Life:
    """Tasks come, start, end and are meddled with; two controllers hand the lead to each other at times."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World()
        self.leader, self.other = (Replica(self.world, name, seed=seed) for name in ("controller-1", "controller-2"))
        self.names: list[str] = []

    async def begin(self) -> None:
        for name in ("n1", "n2"):
            await self.world.join(name, slots=3, classes=frozenset({"A", "B"}))
        await self.leader.observe()

    async def step(self) -> None:
        await getattr(self, self.rng.choice(STEPS))()

    async def submit(self, **changes: object) -> None:
        for _ in range(self.rng.randrange(1, 8)):
            self.names.append(f"t{len(self.names)}")
            await self.world.submit(
                self.names[-1],
                class_name=self.rng.choice("ABC"),
                tenant=self.rng.choice("tu"),
                priority=self.rng.randrange(3),
                slots=self.rng.randrange(1, 3),
                concurrency_key=self.rng.choice([None, None, "k"]),
                **changes,
            )

    async def later(self) -> None:
        await self.submit(eligible_at=self.world.clock.wall_ms() + self.rng.randrange(1, 30))

    async def tick(self) -> None:
        # Far less than the interval, after which everything is read again anyway.
        await self.world.clock.advance(0.01)

    async def limit(self) -> None:
        policy = TenantPolicy(max_running=self.rng.choice([None, 1, 3]))
        await self.leader.policies.set_tenant(self.rng.choice("tu"), policy)

    async def operate(self) -> None:
        if not self.names:
            return
        move = self.rng.choice([lifecycle.pause, lifecycle.resume, lifecycle.cancel, lifecycle.requeue])
        task = await self.world.task(self.rng.choice(self.names))
        if not isinstance(move(task, 0), Refused):
            await self.world.move(task.id, move)

    async def move(self) -> None:
        runs, _ = await self.world.engine.ledger.live_runs()
        for run in self.rng.sample(list(runs), len(runs) // 2):
            if run.status == "Assigning":
                await self.world.move(run.task_id, self.rng.choice([lifecycle.accept, lifecycle.refuse]))
            elif run.status == "Running":
                await self.world.finish(run.task_id)
            else:
                await self.world.move(run.task_id, lifecycle.lose)

    async def hand_over(self) -> None:
        await self.leader.dispatching.resign()
        self.leader, self.other = self.other, self.leader

    async def check(self) -> None:
        await self.leader.dispatch()

        assert await self.leader.watchdog._look() == frozenset()
        noted = await self.world.engine.lanes.backlog()
        startable = [lane for lane in noted if lane.ready and lane.key.class_name != "C"]
        assert WaitReason.CLASS_NOT_SUPPORTED not in {lane.reason for lane in startable}
        assert all(lane.reason is not None for lane in startable)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_a_pass_leaves_nothing_behind_that_could_start(seed: int) -> None:
    asyncio.run(_live(seed))


async def _live(seed: int) -> None:
    life = Life(seed)
    await life.begin()
    for _ in range(60):
        await life.step()
        if life.rng.random() < 0.7:
            await life.check()
    await life.check()


# The same with a dispatcher that runs, over a store whose answers take their time ------------------------------------


def delay(port: Any, methods: Sequence[str], rng: random.Random) -> None:
    """Lets others have their turn before and after each call of these methods."""

    def delayed(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call_slowly(*args: Any, **named: Any) -> Any:
            await turns(rng.randrange(3))
            answer = await call(*args, **named)
            await turns(rng.randrange(4))
            return answer

        return call_slowly

    for method in methods:
        setattr(port, method, delayed(getattr(port, method)))


async def turns(count: int) -> None:
    """So many turns for everybody else."""
    for _ in range(count):
        await asyncio.sleep(0)


async def follow(life: Life, rng: random.Random) -> None:
    """Reads the feed again and again, as a controller does."""
    while True:
        await life.leader.tail.run_once()
        await turns(rng.randrange(1, 6))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_nothing_is_left_behind_when_passes_news_and_operators_cross(seed: int) -> None:
    asyncio.run(_live_at_once(seed))


async def _live_at_once(seed: int) -> None:
    life, rng = Life(seed), random.Random(seed + 1)
    engine = life.world.engine
    delay(engine.queue, ["lanes", "heads", "claim", "ripen"], rng)
    delay(engine.ledger, ["changes_since", "write", "live_runs"], rng)
    await life.begin()
    life.leader.policies.listeners.append(life.leader.dispatcher.wake)
    await life.leader.dispatcher.start()
    following = asyncio.create_task(follow(life, rng))
    for _ in range(8):
        for _ in range(10):
            # A step that another has overtaken is refused, as it should be.
            with suppress(AssertionError):
                await getattr(life, rng.choice([step for step in STEPS if step != "hand_over"]))()
            await turns(rng.randrange(8))
        await turns(1_000)
        assert life.leader.dispatcher.is_at_rest
        assert await life.leader.watchdog._look() == frozenset()
        assert await life.leader.tail.audit() == 0
    following.cancel()
    await life.leader.dispatcher.stop()
