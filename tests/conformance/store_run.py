"""One engine under a sequence of operations: what each answers, and everything that can be read afterwards."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from skalds.errors import SkaldsError
from skalds.model.lane import LaneKey
from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.model.task_query import TaskQuery
from skalds.ports.dispatch_queue import Claim
from skalds.ports.engine import Engine
from skalds.testing import FakeClock, a_node, a_task
from skalds.testing.conformance.steps import lead
from tests.conformance.store_operations import IDS, NODES


class StoreRun:
    """One engine under the operations; answers with what a caller can see."""

    def __init__(self, engine: Engine, clock: FakeClock, *, lanes_by_key: bool = False) -> None:
        self.engine = engine
        self.clock = clock
        self.lanes_by_key = lanes_by_key
        self.lease: LeaseRow | None = None
        self.claims = 0
        self.sessions: dict[str, int] = {}

    async def do(self, name: str, argument: Any) -> Any:
        operation: Callable[[Any], Awaitable[Any]] = getattr(self, name)
        try:
            return await operation(argument)
        except SkaldsError as error:
            return error.code, dict(error.fields)

    async def submit(self, tasks: Sequence[dict[str, Any]]) -> Any:
        return await self.submit_limited((tasks, {}))

    async def submit_limited(self, wanted: tuple[Sequence[dict[str, Any]], dict[str, int]]) -> Any:
        tasks, limits = wanted
        return list(await self.engine.intake.submit([a_task(**_without_circles(fields)) for fields in tasks], limits))

    async def claim(self, wanted: Sequence[tuple[int, int]]) -> Any:
        tasks = [(await self._pick(number), age) for number, age in wanted]
        return await self._claim([Assign(task.id, task.attempt - age, "node-1", 1, lane=0) for task, age in tasks])

    async def claim_heads(self, limit: int) -> Any:
        found = await self.engine.queue.lanes()
        # Where engines are compared on which the same lanes have other numbers.
        in_order = sorted(found, key=lambda lane: lane.key.to_text()) if self.lanes_by_key else found
        lanes = [lane.id for lane in in_order]
        heads = await self.engine.queue.heads(dict.fromkeys(lanes, limit))
        return await self._claim(
            [Assign(head.id, head.attempt, "node-1", 1, lane=0) for lane in lanes for head in heads.get(lane, ())]
        )

    async def _claim(self, assigns: Sequence[Assign]) -> Any:
        self.claims += 1
        middle = len(assigns) // 2
        claims = [
            Claim(
                f"claim-{self.claims}-{node}",
                node,
                self.sessions.get(node, 1),
                1_000,
                6_000,
                [assign._replace(node_id=node) for assign in part],
            )
            for node, part in zip(NODES, (assigns[:middle], assigns[middle:]), strict=True)
        ]
        if self.lease is None:
            await self.take("one")
        assert self.lease is not None
        given = await self.engine.queue.claim(claims, self.lease)
        return list(given), sorted(await self.engine.queue.claimed([claim.id for claim in claims]))

    async def _pick(self, number: int) -> Task:
        tasks = await self.engine.catalog.get_many(IDS)
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
        lanes, next_due = await self.engine.queue.ripen(self.clock.wall_ms())
        return {*(await self.engine.lanes.keys(lanes)).values()}, next_due

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
        # Elsewhere the feed tells of a commit a little later: so that all of it is there to be trimmed.
        await self.engine.ledger.live_runs()
        await self.engine.ledger.trim_feed(keep)

    async def note(self, reason: WaitReason | None) -> None:
        await self.engine.lanes.note_reasons({lane.id: reason for lane in await self.engine.queue.lanes()})

    async def register(self, node_id: str) -> Any:
        self.sessions[node_id] = await self.engine.directory.register(a_node(id=node_id), 1)
        return self.sessions[node_id]

    async def leave(self, who: tuple[str, int]) -> Any:
        return await self.engine.directory.leave(*who)

    async def begin_leaving(self, who: tuple[str, int]) -> None:
        await self.engine.directory.begin_leaving(*who)

    async def forget(self, moments: tuple[int, int]) -> Any:
        lease = await lead(self.engine, Duty.MONITOR)
        ended = await self.engine.retention.forget_ended(*moments, 100, lease)
        return ended, await self.engine.retention.forget_leftovers(moments[0], lease)

    async def observe(self) -> dict[str, Any]:
        """Everything that can be read."""
        engine = self.engine
        lanes = await engine.queue.lanes()
        heads = await engine.queue.heads({lane.id: 100 for lane in lanes})
        runs, position = await engine.ledger.live_runs()
        feed = [await engine.ledger.changes_since(since, 1_000) for since in (0, position // 2, position)]
        numbers = {*(lane.id for lane in lanes), *(run.lane for run in runs), *(told.lane for told in feed[0] or ())}
        return {
            "tasks": await engine.catalog.get_many(IDS),
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
            "reasons": await engine.lanes.reasons([LaneKey("a", "Demo"), LaneKey("b", "Demo"), LaneKey("c", "Demo")]),
            "keys": await engine.lanes.keys({*range(30), *numbers}),
            "numbers": numbers,
            "backlog": list(await engine.lanes.backlog()),
            "queued": [await engine.lanes.queued_by(tenant) for tenant in "abc"],
            "overdue": [_in_order(await engine.ledger.overdue(now, 100)) for now in (0, 1_000, 2**52)],
            "forsaken": _in_order(await engine.ledger.forsaken(100)),
            "live": sorted(runs),
            "of": sorted((await engine.ledger.runs_of("node-1", 1)), key=lambda task: task.id),
            "position": position,
            "feed": feed,
            "lease": await engine.leases.read(Duty.DISPATCHER),
            "nodes": list(await engine.directory.registrations()),
            "node": await engine.directory.registration_of("node-1"),
        }


def _without_circles(fields: dict[str, Any]) -> dict[str, Any]:
    """As the controller refuses circles, a task depends on those with smaller ids only."""
    others = fields.get("dependencies")
    return fields if others is None else {**fields, "dependencies": [other for other in others if other < fields["id"]]}


def _in_order(tasks: Sequence[Task]) -> Sequence[Task]:
    return sorted(tasks, key=lambda task: (task.deadline_date_time or 0, task.id))
