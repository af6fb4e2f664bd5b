"""Leases under real concurrency: two clients, one server."""

import asyncio

import pytest

from skalds.adapters.mongo.connection import MongoStore, Session
from skalds.errors import LeaseLost
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.engine import Engine
from skalds.testing import conformance
from skalds.testing.conformance.steps import lead

pytestmark = pytest.mark.integration

PATIENCE = 20


class TestLeaseStore(conformance.LeaseStoreSuite):
    pass


async def test_of_many_who_saw_the_same_lease_exactly_one_takes_it(engine: Engine, other: Engine) -> None:
    seen: LeaseRow | None = None
    for _ in range(10):
        answers = await asyncio.gather(
            *(
                (other if number % 2 else engine).leases.take(Duty.MONITOR, f"holder-{number}", seen, number)
                for number in range(16)
            )
        )
        [winner] = [lease for lease in answers if lease is not None]
        assert winner == await other.leases.read(Duty.MONITOR)
        assert winner.term == (1 if seen is None else seen.term + 1)
        seen = winner


async def test_of_renewal_and_take_at_the_same_moment_only_one_happens(engine: Engine, other: Engine) -> None:
    for number in range(20):
        lease = await lead(engine, holder=f"holder-{number}")
        renewed, taken = await asyncio.gather(
            engine.leases.renew(lease, 1), other.leases.take(Duty.DISPATCHER, "other", lease, 2)
        )
        assert (renewed is None) != (taken is None)
        assert await engine.leases.read(Duty.DISPATCHER) == (renewed or taken)


async def test_commits_of_the_holder_do_not_keep_others_from_taking_over(engine: Engine, store: MongoStore) -> None:
    lease = await lead(engine)
    await store.transact(_nothing, lease=lease)
    await store.transact(_nothing, lease=lease)
    assert await engine.leases.read(Duty.DISPATCHER) == lease
    assert await engine.leases.take(Duty.DISPATCHER, "other", lease, 0) is not None
    with pytest.raises(LeaseLost):
        await store.transact(_nothing, lease=lease)


async def test_transaction_that_began_before_the_take_is_over_when_the_take_is_acknowledged(
    engine: Engine, other: Engine, store: MongoStore
) -> None:
    lease = await lead(engine)
    began, may_end = asyncio.Event(), asyncio.Event()
    order: list[str] = []

    async def work(session: Session) -> None:
        await store.settings.insert_one({"_id": "by the old term", "value": ""}, session=session)
        began.set()
        await may_end.wait()

    async def take() -> None:
        assert await other.leases.take(Duty.DISPATCHER, "other", lease, 0) is not None
        order.append("taken")

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as together:
        commit = together.create_task(store.transact(work, lease=lease))
        commit.add_done_callback(lambda _: order.append("committed"))
        await began.wait()
        together.create_task(take())
        assert await other.leases.read(Duty.MONITOR) is None
        may_end.set()
    assert order == ["committed", "taken"]
    assert await other.settings.read() == {"by the old term": ""}


async def test_what_begins_after_the_take_changes_nothing(engine: Engine, other: Engine, store: MongoStore) -> None:
    lease = await lead(engine)
    await lead(other, holder="other")

    async def work(session: Session) -> None:
        await store.settings.insert_one({"_id": "by the old term", "value": ""}, session=session)

    with pytest.raises(LeaseLost):
        await store.transact(work, lease=lease)
    assert await other.settings.read() == {}


async def _nothing(_: Session) -> None:
    pass
