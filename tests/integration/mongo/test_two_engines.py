"""Two controllers on one database, everybody at once: whatever they did to each other, the rows are in order."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

import pytest

from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.run_change import Change, RunChange
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.conformance.steps import ALL, lead
from tests.integration.mongo.conftest import MongoEngine, OpenEngine
from tests.integration.mongo.row_checks import check_rows

pytestmark = pytest.mark.integration

ACTORS, STEPS = 6, 50
NODES = ["node-1", "node-2", "node-3"]
STATUS = TaskLifecycleStatus

_Move = dict[str, Any]

_MOVES: dict[str, list[_Move]] = {
    STATUS.CREATED.value: [
        *[{"priority": priority} for priority in (0, 1, 1, 2, 2)],
        {"lifecycle_status": STATUS.PAUSED.value},
        {"lifecycle_status": STATUS.CANCELLED.value, "final": True},
    ],
    STATUS.PAUSED.value: [{"lifecycle_status": STATUS.CREATED.value}],
    STATUS.ASSIGNING.value: [
        *[{"lifecycle_status": STATUS.RUNNING.value}] * 4,
        {"lifecycle_status": STATUS.FINISHED.value, "final": True},
        {"lifecycle_status": STATUS.CREATED.value, "executor": None, "released_at": 9},
        {"lifecycle_status": STATUS.CANCELLED.value, "final": True},
    ],
    STATUS.RUNNING.value: [
        *[{"lifecycle_status": STATUS.FINISHED.value, "final": True}] * 4,
        {"lifecycle_status": STATUS.FINISHED.value, "final": True, "released_at": 9},
        {"lifecycle_status": STATUS.FAILED.value, "released_at": 9, "failures": 1},
        {"lifecycle_status": STATUS.FAILED.value, "final": True},
    ],
    STATUS.FAILED.value: [{"attachments": 1}],
}
"""Status → what may become of a task that is not final."""


class _World:
    """What the actors know of each other's acknowledged acts."""

    def __init__(self, lease: LeaseRow) -> None:
        self.lease = lease
        self.submitted: list[str] = []
        self.given: Counter[tuple[str, int]] = Counter()
        self.sessions: dict[str, int] = {}
        self.closed: set[int] = set()
        self.claims = 0


class _Actor:
    """Does one thing after another through one engine."""

    def __init__(self, name: str, engine: MongoEngine, world: _World, random: Random) -> None:
        self.name = name
        self.engine = engine
        self.world = world
        self.random = random

    async def act(self) -> None:
        acts: Mapping[Callable[[], Awaitable[None]], int] = {
            self.submit: 2,
            self.claim: 4,
            self.write: 8,
            self.join: 1,
            self.leave: 1,
            self.ripen: 1,
        }
        for _ in range(STEPS):
            [act] = self.random.choices([*acts], weights=[*acts.values()])
            await act()

    async def submit(self) -> None:
        number = len(self.world.submitted)
        known = self.world.submitted[:]
        tasks = [
            a_task(
                id=f"{self.name}-{number}-{index}",
                tenant=self.random.choice("ab"),
                dependencies=self.random.sample(known, min(len(known), self.random.choice([0, 1, 1, 2]))),
                deadline_date_time=self.random.choice([None, 2**52]),
                idempotency_key=self.random.choice([None, f"{self.name}-{number}-{index}"]),
            )
            for index in range(self.random.randint(1, 3))
        ]
        # Tasks depend on those of their own tenant.
        tasks = [task.model_copy(update={"tenant": "a" if task.dependencies else task.tenant}) for task in tasks]
        same = [task for task in tasks if not task.dependencies or await self._are_of_tenant_a(task.dependencies)]
        await self.engine.intake.submit(same)
        self.world.submitted += [task.id for task in same]

    async def _are_of_tenant_a(self, ids: Sequence[str]) -> bool:
        return all(task.tenant == "a" for task in await self.engine.catalog.get_many(ids))

    async def claim(self) -> None:
        sessions, closed = dict(self.world.sessions), set(self.world.closed)
        if not sessions:
            return
        self.world.claims += 1
        claim_id = f"claim-{self.world.claims}"
        lanes = [lane.id for lane in await self.engine.queue.lanes()]
        heads = [head for tasks in (await self.engine.queue.heads(dict.fromkeys(lanes, 3))).values() for head in tasks]
        claims = [
            Claim(
                f"{claim_id}-{node}",
                node,
                session,
                1_000,
                6_000,
                [Assign(head.id, head.attempt, node, session, lane=0) for head in heads if self.random.random() < 0.6],
            )
            for node, session in sessions.items()
        ]
        given = await self.engine.queue.claim(claims, self.world.lease)
        assert not {assign.session for assign in given} & closed
        self.world.given.update((assign.task_id, assign.attempt) for assign in given)

    async def write(self) -> None:
        ids = self.random.sample(self.world.submitted, min(len(self.world.submitted), 12))
        found = [self._change(task) for task in await self.engine.catalog.get_many(ids)]
        changes = [change for change in found if change is not None][: self.random.randint(1, 3)]
        lease = self.random.choice([None, self.world.lease])
        await self.engine.ledger.write(changes, durable=True, lease=lease)

    def _change(self, task: Task) -> Change | None:
        if task.final:
            return Change(task, task.changed(9, released_at=9)) if task.holds_slot else None
        return Change(task, task.changed(9, **self.random.choice(_MOVES[task.lifecycle_status])))

    async def join(self) -> None:
        node = self.random.choice(NODES)
        before = self.world.sessions.get(node)
        session = await self.engine.directory.register(a_node(id=node), 1)
        if before is not None:
            self.world.closed.add(before)
        self.world.sessions[node] = max(session, self.world.sessions.get(node, 0))

    async def leave(self) -> None:
        node = self.random.choice(NODES)
        session = self.world.sessions.get(node)
        if session is None:
            return
        if self.random.random() < 0.5:
            await self.engine.directory.leave(node, session)
        else:
            await self.engine.directory.begin_leaving(node, session)
        self.world.closed.add(session)

    async def ripen(self) -> None:
        await self.engine.queue.ripen(2**53)


@pytest.mark.parametrize("seed", range(3))
async def test_rows_are_in_order_whatever_happened_at_once(
    engine: MongoEngine, open_engine: OpenEngine, clock: FakeClock, seed: int
) -> None:
    second = await open_engine("controller")
    random = Random(seed)
    world = _World(await lead(engine))
    actors = [
        _Actor(f"actor-{number}", second if number % 2 else engine, world, Random(random.random()))
        for number in range(ACTORS)
    ]
    await asyncio.gather(*(actor.act() for actor in actors))

    tasks = await check_rows(engine.store)
    assert {*world.submitted} == {*tasks}
    assert set(world.given.values()) == {1}, "an attempt was given twice"
    assert {id_ for id_, _ in world.given} == {task.id for task in tasks.values() if task.attempt}
    assert await engine.catalog.count_by_status() == Counter(task.lifecycle_status for task in tasks.values())
    for controller in (engine, second):
        _, position = await controller.ledger.live_runs()
        told = await controller.ledger.changes_since(0, ALL)
        assert told is not None
        assert len(told) == position
        _check_feed(told, tasks)
    await second.close()


def _check_feed(told: Sequence[RunChange], tasks: Mapping[str, Task]) -> None:
    """Every version was told once, in order, and the last one is what the row says."""
    versions: dict[str, list[RunChange]] = {}
    for change in told:
        versions.setdefault(change.task_id, []).append(change)
    assert versions.keys() == tasks.keys()
    for id_, task in tasks.items():
        assert [change.rev for change in versions[id_]] == list(range(task.rev + 1)), id_
        last = versions[id_][-1]
        assert (last.status, last.final, last.attempt, last.executor, last.holds_slot) == (
            task.lifecycle_status,
            task.final,
            task.attempt,
            task.executor,
            task.holds_slot,
        )
