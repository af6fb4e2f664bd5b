"""What a connection insists on, and what a transaction is good for."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from skalds.adapters.mongo.connection import MongoStore, Session
from skalds.adapters.mongo.options import MongoOptions
from skalds.errors import ConfigurationError, LeaseLost, StoreUnavailable
from skalds.model.lease import Duty, LeaseRow
from skalds.testing.conformance.steps import lead
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.programs import mongo_program
from skalds.testing.services.unavailable import Unavailable
from tests.integration.doctor.mongods import start_mongod
from tests.integration.mongo.conftest import MongoEngine

pytestmark = pytest.mark.integration


@pytest.fixture
def mongod(mongo_server: MongoServer) -> Path:
    try:
        return mongo_program()
    except Unavailable as error:
        pytest.skip(f"{mongo_server.uri} is used, and no program for another one is here: {error}")


@pytest.fixture
async def weakened(mongo_server: MongoServer) -> AsyncIterator[MongoStore]:
    """A store whose address asks for less than we do."""
    mark = "&" if "?" in mongo_server.uri else "?"
    uri = f"{mongo_server.uri}{mark}w=0&journal=false&readConcernLevel=local&readPreference=nearest&retryWrites=false"
    store = await MongoStore.open(MongoOptions(uri, f"test_{uuid4().hex}"))
    yield store
    await store.close()


async def test_no_address_weakens_the_durability(weakened: MongoStore) -> None:
    assert weakened.tasks.write_concern == WriteConcern(w="majority", j=True)
    assert weakened.tasks.read_concern == ReadConcern("majority")
    assert weakened.tasks.read_preference.name == "Primary"
    assert weakened.client.options.retry_writes
    assert weakened.client.options.server_selection_timeout == 3.0


def test_address_is_not_shown() -> None:
    assert "secret" not in repr(MongoOptions("mongodb://user:secret@localhost"))


@pytest.mark.parametrize("uri", ["mongodb://", "mongodb://a:b:c/", "http://localhost"])
async def test_address_that_is_none_is_a_wrong_setting(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="MONGO_HOST"):
        await MongoStore.open(MongoOptions(uri))


async def test_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="Connect call failed"):
        await MongoStore.open(MongoOptions(f"mongodb://127.0.0.1:{free_port()}/"))


@pytest.mark.parametrize(
    ("options", "fix"),
    [((), r"--replSet rs0 and run rs\.initiate\(\)"), (("--replSet", "rs0"), r"as you did and run rs\.initiate\(\)")],
    ids=["standalone", "not-initiated"],
)
async def test_server_without_transactions_is_refused_with_the_fix(
    mongod: Path, tmp_path: Path, options: tuple[str, ...], fix: str
) -> None:
    server = start_mongod(mongod, Place(tmp_path / "server", os.getpid()), *options)
    try:
        for query in ("", "?directConnection=true"):
            with pytest.raises(ConfigurationError, match=fix) as refused:
                await MongoStore.open(MongoOptions(f"mongodb://{server.bootstrap}/{query}"))
            assert refused.value.fields["got"] == repr(server.bootstrap)
    finally:
        server.discard()


async def test_transaction_that_raises_leaves_nothing(store: MongoStore) -> None:
    async def work(session: Session) -> None:
        await store.settings.insert_one({"_id": "a"}, session=session)
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await store.transact(work)
    assert await store.settings.count_documents({}) == 0


async def test_transaction_that_conflicts_is_repeated_on_a_new_snapshot(store: MongoStore) -> None:
    await store.settings.insert_one({"_id": "a", "value": 1})
    seen: list[Any] = []

    async def work(session: Session) -> None:
        document = await store.settings.find_one({"_id": "a"}, session=session)
        assert document is not None
        seen.append(document["value"])
        if len(seen) == 1:
            await store.settings.update_one({"_id": "a"}, {"$inc": {"value": 10}})
        await store.settings.update_one({"_id": "a"}, {"$inc": {"value": 1}}, session=session)

    await store.transact(work)
    assert seen == [1, 11]
    assert await store.settings.find_one() == {"_id": "a", "value": 12}


async def test_what_a_unique_index_refuses_is_looked_at_again(store: MongoStore) -> None:
    seen: list[bool] = []

    async def work(session: Session) -> None:
        seen.append(await store.settings.find_one({"_id": "a"}, session=session) is not None)
        if not seen[-1]:
            await store.settings.insert_one({"_id": "a"})
            await store.settings.insert_one({"_id": "a"}, session=session)

    await store.transact(work)
    assert seen == [False, True]


async def test_many_that_contend_for_one_row_all_get_their_turn(engine: MongoEngine, other: MongoEngine) -> None:
    async def add_one(store: MongoStore) -> None:
        async def work(session: Session) -> None:
            await store.counters.update_one({"_id": "n"}, {"$inc": {"n": 1}}, upsert=True, session=session)

        await store.transact(work, turn="n")

    await asyncio.gather(*(add_one(one.store) for one in (engine, other) for _ in range(20)))
    assert await engine.store.counters.find_one({"_id": "n"}) == {"_id": "n", "n": 40}


@pytest.mark.parametrize("change", [{"term": 9}, {"holder": "another"}, {"duty": Duty.MONITOR.value}])
async def test_ended_term_commits_nothing(engine: MongoEngine, change: dict[str, Any]) -> None:
    lease = await lead(engine)
    with pytest.raises(LeaseLost):
        await _insert_under(engine.store, lease._replace(**change))
    assert await engine.store.settings.count_documents({}) == 0
    await _insert_under(engine.store, lease)
    assert await engine.store.settings.count_documents({}) == 1


async def test_term_that_ends_before_the_commit_commits_nothing(engine: MongoEngine, other: MongoEngine) -> None:
    lease = await lead(engine)
    usurped: list[LeaseRow] = []

    async def work(session: Session) -> None:
        # The snapshot is older than the new term, and our own write of the lease has not happened yet.
        await engine.store.settings.find_one({}, session=session)
        if not usurped:
            usurped.append(await lead(other, holder="usurper"))
        await engine.store._check_lease(session, lease)

    with pytest.raises(LeaseLost):
        await engine.store.transact(work)
    assert len(usurped) == 1


async def _insert_under(store: MongoStore, lease: LeaseRow) -> None:
    async def work(session: Session) -> None:
        await store.settings.insert_one({}, session=session)

    await store.transact(work, lease=lease)
