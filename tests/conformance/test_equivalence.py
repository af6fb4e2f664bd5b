"""S18: the same operations on memory and SQLite give the same observable results and errors."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skalds.errors import SkaldsError
from skalds.model.lane import LaneKey
from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.run_change import Change
from skalds.model.task import Progress, RunError, RunRecord, Task, TaskLifecycleStatus
from skalds.model.task_query import TaskQuery
from skalds.ports.dispatch_queue import Claim
from skalds.ports.engine import Engine
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.builders import A_MOMENT
from tests.conformance.conftest import memory_world, sqlite_world

_IDS = [f"task-{number}" for number in range(12)]
_NODES = ["node-1", "node-2"]

_submitted: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    id=st.sampled_from(_IDS),
    tenant=st.sampled_from(["a", "b"]),
    class_name=st.sampled_from(["Demo", "Other"]),
    priority=st.integers(0, 2),
    slots=st.integers(0, 2),
    mode=st.sampled_from(["Passive", "Passive", "Passive", "Active"]),
    create_date_time=st.integers(1, 3),
    eligible_at=st.sampled_from([A_MOMENT - 5, A_MOMENT, A_MOMENT + 1_000, A_MOMENT + 2_000]),
    idempotency_key=st.sampled_from([None, None, None, "key-1", "key-2"]),
    attachments=st.sampled_from([None, {"a": 1}, [], "text"]),
)
_changed = st.fixed_dictionaries(
    {},
    optional={
        "lifecycle_status": st.sampled_from([status.value for status in TaskLifecycleStatus]),
        "final": st.booleans(),
        "executor": st.sampled_from([None, *_NODES]),
        "released_at": st.sampled_from([None, 7]),
        "eligible_at": st.sampled_from([A_MOMENT, A_MOMENT + 1_500]),
        "attempt": st.integers(0, 3),
        "failures": st.integers(0, 3),
        "priority": st.integers(0, 2),
        "pinned_to": st.sampled_from([None, "node-2"]),
        "assignment": st.none(),
        "attachments": st.sampled_from([None, {"a": 2}, 0]),
        "result": st.sampled_from([None, {}, False, "done"]),
        "progress": st.sampled_from([None, Progress(fraction=0.5)]),
        "error": st.sampled_from([None, RunError(type="E", message="m")]),
        "checkpoint": st.sampled_from([None, [1]]),
        "runs": st.sampled_from([(), (RunRecord(attempt=1, node="n", submitted=1, assigned=2),)]),
    },
)
_pick = st.integers(0, 20)
"""Which of the tasks there are; the same number is the same task while none is added."""

_operations = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.lists(_submitted, max_size=3)),
        st.tuples(st.just("claim"), st.lists(st.tuples(_pick, st.sampled_from([0, 0, 1])), max_size=4)),
        st.tuples(st.just("claim_heads"), st.integers(1, 3)),
        st.tuples(st.just("write"), st.lists(st.tuples(_pick, st.sampled_from([0, 0, 0, -1]), _changed), max_size=3)),
        st.tuples(st.just("write"), st.lists(st.tuples(_pick, st.just(0), _changed), min_size=1, max_size=2)),
        st.tuples(st.just("advance"), st.sampled_from([0.0, 0.5, 1.0])),
        st.tuples(st.just("ripen"), st.none()),
        st.tuples(st.just("take"), st.sampled_from(["one", "one", "two"])),
        st.tuples(st.just("resign"), st.none()),
        st.tuples(st.just("trim"), st.integers(0, 5)),
        st.tuples(st.just("note"), st.sampled_from([None, WaitReason.PINNED])),
        st.tuples(st.just("register"), st.sampled_from(_NODES)),
        st.tuples(st.just("leave"), st.tuples(st.sampled_from(_NODES), st.integers(1, 4))),
    ),
    min_size=3,
    max_size=30,
)


class _Run:
    """One engine under the operations; answers with what a caller can see."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self.engine = engine
        self.clock = clock
        self.lease: LeaseRow | None = None
        self.claims = 0

    async def do(self, name: str, argument: Any) -> Any:
        operation: Callable[[Any], Awaitable[Any]] = getattr(self, name)
        try:
            return await operation(argument)
        except SkaldsError as error:
            return error.code, dict(error.fields)

    async def submit(self, tasks: Sequence[dict[str, Any]]) -> Any:
        return list(await self.engine.intake.submit([a_task(**fields) for fields in tasks]))

    async def claim(self, wanted: Sequence[tuple[int, int]]) -> Any:
        tasks = [(await self._pick(number), age) for number, age in wanted]
        return await self._claim([Assign(task.id, task.attempt - age, "node-1", 1, 1) for task, age in tasks])

    async def claim_heads(self, limit: int) -> Any:
        lanes = [lane.id for lane in await self.engine.queue.lanes()]
        heads = await self.engine.queue.heads(dict.fromkeys(lanes, limit))
        return await self._claim(
            [Assign(head.id, head.attempt, "node-1", 1, 1) for lane in lanes for head in heads.get(lane, ())]
        )

    async def _claim(self, assigns: Sequence[Assign]) -> Any:
        self.claims += 1
        middle = len(assigns) // 2
        claims = [
            Claim(f"claim-{self.claims}-{node}", node, 1, 1_000, 6_000, [a._replace(node_id=node) for a in part])
            for node, part in zip(_NODES, (assigns[:middle], assigns[middle:]), strict=True)
        ]
        if self.lease is None:
            await self.take("one")
        assert self.lease is not None
        given = await self.engine.queue.claim(claims, self.lease)
        return list(given), sorted(await self.engine.queue.claimed([claim.id for claim in claims]))

    async def _pick(self, number: int) -> Task:
        tasks = await self.engine.catalog.get_many(_IDS)
        return tasks[number % len(tasks)] if tasks else a_task(id="none")

    async def write(self, wanted: Sequence[tuple[int, int, dict[str, Any]]]) -> Any:
        changes = []
        for number, age, fields in wanted:
            stored = await self._pick(number)
            before = stored.model_copy(update={"rev": stored.rev + age})
            changes.append(Change(before, before.changed(5, **fields)))
        return list(await self.engine.ledger.write(changes, durable=False))

    async def advance(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    async def ripen(self, _: None) -> Any:
        return await self.engine.queue.ripen(self.clock.wall_ms())

    async def take(self, holder: str) -> Any:
        seen = await self.engine.leases.read(Duty.DISPATCHER)
        lease = await self.engine.leases.take(Duty.DISPATCHER, holder, seen, 1)
        assert lease is not None
        if holder == "one":
            self.lease = lease
        return lease

    async def resign(self, _: None) -> None:
        if self.lease is not None:
            await self.engine.leases.resign(self.lease)

    async def trim(self, keep: int) -> None:
        await self.engine.ledger.trim_feed(keep)

    async def note(self, reason: WaitReason | None) -> None:
        await self.engine.queue.note_reasons({lane.id: reason for lane in await self.engine.queue.lanes()})

    async def register(self, node_id: str) -> Any:
        return await self.engine.directory.register(a_node(id=node_id), 1)

    async def leave(self, who: tuple[str, int]) -> Any:
        return await self.engine.directory.leave(*who)

    async def observe(self) -> dict[str, Any]:
        """Everything that can be read."""
        engine = self.engine
        lanes = await engine.queue.lanes()
        heads = await engine.queue.heads({lane.id: 100 for lane in lanes})
        runs, position = await engine.ledger.live_runs()
        return {
            "tasks": await engine.catalog.get_many(_IDS),
            "pages": [
                await engine.catalog.find(query)
                for query in (
                    TaskQuery(page_size=3),
                    TaskQuery(page=2, page_size=3),
                    TaskQuery(status="Created"),
                    TaskQuery(class_name="Other", status="Assigning"),
                    TaskQuery(executor="node-1"),
                    TaskQuery(id_part="-1"),
                )
            ],
            "counts": dict(await engine.catalog.count_by_status()),
            "classes": list(await engine.catalog.class_names()),
            "queue": {lane.key: (lane.reason, list(heads[lane.id])) for lane in lanes},
            "reasons": await engine.queue.reasons([LaneKey("a", "Demo"), LaneKey("b", "Demo"), LaneKey("c", "Demo")]),
            "ready": await engine.queue.ready_count(),
            "live": sorted(runs),
            "of": sorted((await engine.ledger.runs_of("node-1", 1)), key=lambda task: task.id),
            "position": position,
            "feed": [await engine.ledger.changes_since(since, 100) for since in (0, position // 2, position)],
            "lease": await engine.leases.read(Duty.DISPATCHER),
            "nodes": list(await engine.directory.registrations()),
            "node": await engine.directory.registration_of("node-1"),
        }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at_first=st.lists(_submitted, min_size=3, max_size=8, unique_by=lambda task: task["id"]), operations=_operations)
def test_memory_and_sqlite_give_the_same_results(
    at_first: list[dict[str, Any]], operations: list[tuple[str, Any]]
) -> None:
    asyncio.run(_compare([("submit", [{**task, "idempotency_key": None} for task in at_first]), *operations]))


async def _compare(operations: Sequence[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clocks = FakeClock(), FakeClock()
        engines = (
            await memory_world(clocks[0])("controller"),
            await sqlite_world(clocks[1], Path(folder))("controller"),
        )
        try:
            memory, sqlite = (_Run(engine, clock) for engine, clock in zip(engines, clocks, strict=True))
            for name, argument in operations:
                assert await sqlite.do(name, argument) == await memory.do(name, argument), name
            expected = await memory.observe()
            assert await sqlite.observe() == expected
            _check_feed(expected, operations)
        finally:
            for engine in engines:
                await engine.close()


def _check_feed(observed: dict[str, Any], operations: Sequence[tuple[str, Any]]) -> None:
    """The last version that the feed tells of each task is the stored one."""
    if observed["feed"][0] is None or any(name == "trim" for name, _ in operations):
        return
    latest = {change.task_id: change for change in observed["feed"][0]}
    stored: dict[str, Task] = {task.id: task for task in observed["tasks"]}
    assert latest.keys() == stored.keys()
    for id_, change in latest.items():
        task = stored[id_]
        assert (change.rev, change.status, change.attempt, change.holds_slot) == (
            task.rev,
            task.lifecycle_status,
            task.attempt,
            task.holds_slot,
        )
