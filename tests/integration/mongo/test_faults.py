"""Servers that fail: each call gets the right error, nothing acknowledged is lost, and all goes on by itself.

The outcome of a write is unknown exactly if it was sent and not answered; the store then shows whether it happened.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import count, takewhile
from typing import Any, TypeVar

import pytest
from pymongo.read_concern import ReadConcern

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.adapters.mongo.connection import Session
from skalds.adapters.mongo.options import MongoOptions
from skalds.errors import OutcomeUnknown, StoreError, StoreUnavailable
from skalds.model.lease import Duty, LeaseRow
from skalds.model.task import TaskLifecycleStatus
from skalds.testing import FakeClock
from skalds.testing.builders import a_task
from skalds.testing.conformance.steps import a_claim, assigned, lead, ready_ids, to, told
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.mongo_set import MongoSet
from tests.fault_proxy import Direction, FaultProxy
from tests.integration.mongo.conftest import AGEING_STEP_MS, MongoEngine, end_world, options_of_a_world

pytestmark = pytest.mark.integration

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
REPLACED_SECONDS = 20.0
"""Long for a busy machine, and far less than the minute after which the server ends a transaction by itself."""

_SOON = timedelta(seconds=0.6)


async def opened(options: MongoOptions, clock: FakeClock, role: str = "controller") -> MongoEngine:
    return await MongoEngine.open(options, role, MemoryStore(AGEING_STEP_MS), clock)


def options_for(uri: str) -> MongoOptions:
    """With short patience: what is waited for in vain is waited for here."""
    return replace(options_of_a_world(uri), server_selection_timeout=_SOON, connect_timeout=_SOON, socket_timeout=_SOON)


async def until(look: Callable[[], Awaitable[T]]) -> T:
    """Asks again until the store answers."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                return await look()
            except StoreError:
                await asyncio.sleep(0.05)


async def until_true(look: Callable[[], Awaitable[object]]) -> None:
    """Looks again until what it sees is true."""

    async def see() -> None:
        if not await look():
            raise StoreUnavailable

    await until(see)


async def notice_the_cut(engine: MongoEngine, proxy: FaultProxy) -> None:
    """Cuts the connections and lets the driver see it; what it sends into one that it takes for whole, it has sent."""
    proxy.cut()
    with pytest.raises(StoreUnavailable):
        await engine.queue.lanes()


@pytest.fixture
def proxy(mongo_server: MongoServer) -> Iterator[FaultProxy]:
    with FaultProxy.before(mongo_server) as proxy:
        yield proxy


@pytest.fixture
async def behind(proxy: FaultProxy, engine: MongoEngine, clock: FakeClock) -> AsyncIterator[MongoEngine]:
    """Another controller on the database of `engine`, whose connections go through the proxy."""
    uri = f"mongodb://{proxy.host}:{proxy.port}/?directConnection=true"
    name = engine.store.database.name
    options = replace(options_for(uri), database=name, app_name=name)
    behind = await opened(options, clock)
    yield behind
    proxy.heal()
    await behind.close()


async def test_answer_lost_on_the_way_is_asked_for_again(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    await behind.feed.close()
    for number in range(5):
        proxy.reset_after(0, Direction.TO_CLIENT)
        stored = await until(partial(behind.intake.submit, [a_task(id=f"task-{number}")]))
        assert [task.id for task in stored] == [f"task-{number}"]
    assert await engine.catalog.count_by_status() == {"Created": 5}


@pytest.mark.parametrize("tasks", [1, 3], ids=["one", "transaction"])
async def test_write_that_was_never_sent_did_not_happen(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy, tasks: int
) -> None:
    await notice_the_cut(behind, proxy)
    with pytest.raises(StoreUnavailable):
        await behind.intake.submit([a_task(id=f"task-{number}") for number in range(tasks)])
    assert await engine.catalog.count_by_status() == {}


async def test_write_that_was_sent_and_not_answered_has_an_unknown_outcome(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    await behind.intake.submit([a_task(id="first")])
    proxy.lose(Direction.TO_CLIENT)
    with pytest.raises(OutcomeUnknown):
        await behind.intake.submit([a_task(id="second")])
    assert await engine.catalog.get("second") is not None


async def test_reading_that_fails_is_never_an_unknown_outcome(behind: MongoEngine, proxy: FaultProxy) -> None:
    proxy.lose(Direction.TO_CLIENT)
    readings: Sequence[Awaitable[Any]] = [
        behind.queue.lanes(),
        behind.queue.heads({1: 1}),
        behind.queue.ripen(1),
        behind.ledger.overdue(1, 1),
        behind.ledger.runs_of("node-1", 1),
    ]
    for answer in await asyncio.gather(*readings, return_exceptions=True):
        assert type(answer) is StoreUnavailable


@pytest.mark.parametrize(
    ("fault", "expected", "happens"),
    [("lost answer", OutcomeUnknown, True), ("never sent", StoreUnavailable, False)],
)
async def test_commit_has_an_unknown_outcome_only_if_it_was_sent(
    engine: MongoEngine,
    behind: MongoEngine,
    proxy: FaultProxy,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    expected: type[StoreError],
    happens: bool,
) -> None:
    async def work(session: Session) -> None:
        await behind.store.settings.insert_one({"_id": "a"}, session=session)
        if fault == "lost answer":
            proxy.lose(Direction.TO_CLIENT)
        else:
            await notice_the_cut(behind, proxy)

    with monkeypatch.context() as hasty:
        hasty.setattr("skalds.adapters.mongo.connection._REPEAT_SECONDS", 1.0)
        with pytest.raises(StoreError) as raised:
            await behind.store.transact(work)
    assert type(raised.value) is expected
    assert await engine.store.settings.count_documents({}) == int(happens)
    # Of what was never sent the server keeps the transaction open, until somebody who is in its way has it ended.
    await until(lambda: engine.settings.write({"a": "written"}))


async def test_claim_of_unknown_outcome_can_be_settled(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skalds.adapters.mongo.connection._REPEAT_SECONDS", 1.0)
    tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abc"])
    claim, lease = await a_claim(engine, tasks, id_="claim"), await lead(engine)
    commit = behind.store._commit

    async def lose_the_answer(session: Session, until: float) -> None:
        proxy.lose(Direction.TO_CLIENT)
        await commit(session, until)

    monkeypatch.setattr(behind.store, "_commit", lose_the_answer)
    with pytest.raises(OutcomeUnknown):
        await behind.queue.claim([claim], lease)
    proxy.heal()
    assert sorted(await until(lambda: behind.queue.claimed(["claim"]))) == ["a", "b", "c"]


async def test_leader_that_dies_within_a_commit_is_replaced_at_once(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    lease = await lead(engine)
    await abandon(behind, proxy, lease)
    async with asyncio.timeout(REPLACED_SECONDS):
        await until_true(partial(nothing_is_open, engine))
        assert (await lead(engine, holder="successor")).term == lease.term + 1


async def test_row_of_a_transaction_that_nobody_ends_can_be_written_soon(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    lease = await lead(engine)
    [task] = await engine.intake.submit([a_task()])
    await abandon(behind, proxy, lease)
    change = to(task, TaskLifecycleStatus.PAUSED)
    async with asyncio.timeout(REPLACED_SECONDS):
        assert list(await engine.ledger.write([change], durable=True, lease=lease)) == [True]


async def nothing_is_open(engine: MongoEngine) -> bool:
    """Whether no transaction of this test is left, whoever ended those that were abandoned."""
    await engine.store.end_abandoned()
    of_this_test = {"appName": engine.store.database.name, "transaction": {"$exists": True}}
    steps: list[dict[str, Any]] = [{"$currentOp": {"idleSessions": True}}, {"$match": of_this_test}]
    admin = engine.store.client.get_database("admin", read_concern=ReadConcern("local"))
    return not await (await admin.aggregate(steps)).to_list()


async def abandon(behind: MongoEngine, proxy: FaultProxy, lease: LeaseRow) -> None:
    """Loses the connection within a transaction that has written the lease, as its process would by dying."""

    async def work(session: Session) -> None:
        await notice_the_cut(behind, proxy)
        raise KeyError

    with pytest.raises(KeyError):
        await behind.store.transact(work, lease=lease)


async def test_stream_that_is_cut_goes_on_without_a_gap(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    _, start = await behind.ledger.live_runs()
    for number in range(4):
        await engine.intake.submit([a_task(id=f"task-{number}")])
        (proxy.reset if number % 2 else proxy.cut)()
        await engine.intake.submit([a_task(id=f"more-{number}")])
        proxy.heal()
    feed = await until(lambda: told(behind, start))
    assert [change.task_id for change in feed] == [f"{word}-{n}" for n in range(4) for word in ("task", "more")]


async def test_positions_are_refused_while_the_stream_stands_still(
    engine: MongoEngine, behind: MongoEngine, proxy: FaultProxy
) -> None:
    _, start = await behind.ledger.live_runs()
    proxy.stall()
    await engine.intake.submit([a_task()])
    with pytest.raises(StoreError):
        await behind.ledger.live_runs()
    assert await behind.ledger.changes_since(start, 9) == []
    proxy.heal()
    assert [change.task_id for change in await until(lambda: told(behind, start))] == ["task-1"]


async def test_server_that_is_killed_and_started_again_lost_nothing(own_mongo: MongoServer, clock: FakeClock) -> None:
    engine = await opened(options_for(own_mongo.uri), clock)
    [given] = await assigned(engine, a_task(id="given"))
    waiting = await engine.intake.submit([a_task(id=f"task-{number}") for number in range(50)])
    before = await told(engine, 0)
    own_mongo.kill()
    with pytest.raises(StoreUnavailable):
        await engine.queue.lanes()
    with pytest.raises(StoreUnavailable):
        await engine.intake.submit([a_task(id="refused")])
    with pytest.raises(StoreUnavailable):
        await engine.ledger.write([to(given, TaskLifecycleStatus.RUNNING)], durable=True)
    own_mongo.start()
    assert await until(lambda: engine.catalog.get("given")) == given
    assert await ready_ids(engine) == sorted(task.id for task in waiting)
    await engine.ledger.write([to(given, TaskLifecycleStatus.RUNNING)], durable=True)
    after = await until(lambda: told(engine, before[-1].position))
    assert [(change.task_id, change.status) for change in after] == [("given", "Running")]
    await end_world(engine)


async def test_server_that_stands_still_is_waited_for_a_bounded_time(own_mongo: MongoServer, clock: FakeClock) -> None:
    engine = await opened(options_for(own_mongo.uri), clock)
    await engine.intake.submit([a_task(id="before")])
    own_mongo.pause()
    async with asyncio.timeout(20):
        with pytest.raises(StoreUnavailable):
            await engine.queue.lanes()
        with pytest.raises(StoreError):
            await engine.intake.submit([a_task(id="during")])
        with pytest.raises(StoreError):
            await engine.ledger.live_runs()
    own_mongo.resume()
    assert await until(lambda: engine.intake.submit([a_task(id="after")])) == [a_task(id="after")]
    assert {"before", "after"} <= set(await ready_ids(engine))
    await end_world(engine)


@dataclass
class Storm:
    """Submits and claims without a pause; knows what was acknowledged, and to which claim each task was given."""

    engine: MongoEngine
    name: str
    acknowledged: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    is_over: bool = False

    async def rage(self) -> None:
        lease = await self.engine.leases.read(Duty.DISPATCHER)
        assert lease is not None
        for number in takewhile(lambda _: not self.is_over, count()):
            with suppress(StoreError):
                await self._submit_and_claim(f"{self.name}-{number}", f"node-{1 + number % 2}", lease)

    async def _submit_and_claim(self, name: str, node_id: str, lease: LeaseRow) -> None:
        tasks = [a_task(id=f"{name}-{letter}") for letter in "abc"]
        await self.engine.intake.submit(tasks)
        self.acknowledged += [task.id for task in tasks]
        claim = await a_claim(self.engine, tasks, id_=name, node_id=node_id)
        with suppress(StoreError):
            await self.engine.queue.claim([claim], lease)
        for id_ in await until(partial(self.engine.queue.claimed, [name])):
            assert id_ not in self.given
            self.given[id_] = name

    async def goes_on(self) -> None:
        """Returns when five more tasks were given away."""
        enough = len(self.given) + 5

        async def look() -> bool:
            return len(self.given) >= enough

        await until_true(look)


@pytest.fixture
async def storms(mongo_three: MongoSet, clock: FakeClock) -> AsyncIterator[Sequence[Storm]]:
    """Two, of two processes under one lease; at the end everything acknowledged must be there."""
    options = options_of_a_world(mongo_three.uri)
    engine, other = await opened(options, clock), await opened(options, clock, "node")
    await assigned(engine, a_task(id="first"), node_id="node-1")
    await a_claim(engine, [], node_id="node-2")
    storms = [Storm(engine, "storm-1"), Storm(other, "storm-2")]
    raging = [asyncio.create_task(storm.rage()) for storm in storms]
    yield storms
    for storm in storms:
        storm.is_over = True
    await asyncio.gather(*raging)
    await check(engine, storms)
    await other.close()
    await end_world(engine)


async def all_go_on(storms: Sequence[Storm]) -> None:
    await asyncio.gather(*(storm.goes_on() for storm in storms))


async def test_primary_that_steps_down_loses_no_write_and_gives_nothing_twice(
    mongo_three: MongoSet, storms: Sequence[Storm]
) -> None:
    for _ in range(2):
        await all_go_on(storms)
        await asyncio.to_thread(mongo_three.step_down, 5)
    await all_go_on(storms)


async def test_primary_that_is_killed_loses_no_write_and_gives_nothing_twice(
    mongo_three: MongoSet, storms: Sequence[Storm]
) -> None:
    await all_go_on(storms)
    dead = await asyncio.to_thread(mongo_three.primary)
    await asyncio.to_thread(dead.kill)
    await all_go_on(storms)
    await asyncio.to_thread(dead.start)
    await all_go_on(storms)


async def check(engine: MongoEngine, storms: Sequence[Storm]) -> None:
    """Everything acknowledged is there, everything given has one owner, and the feed told every version once."""
    acknowledged = [id_ for storm in storms for id_ in storm.acknowledged]
    stored = {task.id: task for task in await until(lambda: engine.catalog.get_many(acknowledged))}
    assert stored.keys() == set(acknowledged)
    for task_id, claim_id in (item for storm in storms for item in storm.given.items()):
        assignment = stored[task_id].assignment
        assert assignment is not None
        assert (assignment.id, stored[task_id].attempt) == (claim_id, 1)
    versions = [(change.task_id, change.rev) for change in await until(lambda: told(engine, 0))]
    assert len(versions) == len(set(versions))
    assert {(id_, rev) for id_, task in stored.items() for rev in range(task.rev + 1)} <= set(versions)
