"""The MongoDB servers of the test kit."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from skalds.testing.local_processes import is_alive
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.mongo_set import MongoSet
from skalds.testing.waiting import wait_for

pytestmark = pytest.mark.integration

Documents = Collection[dict[str, Any]]


def documents(server: MongoServer | MongoSet) -> Iterator[Documents]:
    with MongoClient[dict[str, Any]](server.uri, w="majority", journal=True, serverSelectionTimeoutMS=20_000) as client:
        yield client["kit"]["documents"]


@pytest.fixture
def stored(own_mongo: MongoServer) -> Iterator[Documents]:
    yield from documents(own_mongo)


@pytest.fixture
def replicated(mongo_three: MongoSet) -> Iterator[Documents]:
    yield from documents(mongo_three)


def test_server_of_the_run_is_a_replica_set(mongo_server: MongoServer) -> None:
    hello = mongo_server.hello()

    assert hello["isWritablePrimary"]
    assert hello["setName"]


def test_killed_server_comes_back_with_its_data(own_mongo: MongoServer, stored: Documents) -> None:
    stored.insert_one({"_id": 1})
    address, (pid,) = own_mongo.uri, own_mongo.pids
    own_mongo.kill()
    assert not own_mongo.answers()
    assert not is_alive(pid)

    own_mongo.start()

    assert own_mongo.uri == address
    assert stored.count_documents({}) == 1


def test_stopped_server_comes_back_with_its_data(own_mongo: MongoServer, stored: Documents) -> None:
    stored.insert_one({"_id": 1})
    own_mongo.stop()
    own_mongo.start()

    assert stored.count_documents({}) == 1


def test_paused_server_answers_after_it_is_resumed(own_mongo: MongoServer, stored: Documents) -> None:
    own_mongo.pause()
    assert own_mongo.is_running
    assert not own_mongo.answers()

    own_mongo.resume()

    assert stored.insert_one({"_id": 1}).acknowledged


def test_primary_that_steps_down_takes_the_role_again(own_mongo: MongoServer) -> None:
    before = own_mongo.hello()["electionId"]
    own_mongo.step_down()

    assert wait_for(lambda: own_mongo.hello().get("electionId", before) != before)


def test_transactions_and_change_streams_are_to_be_had(own_mongo: MongoServer, stored: Documents) -> None:
    client = stored.database.client
    with stored.watch() as changes:
        with client.start_session() as session, session.start_transaction():
            stored.insert_one({"_id": 1}, session=session)
        assert next(changes)["documentKey"] == {"_id": 1}


def test_discarded_server_leaves_no_process(own_mongo: MongoServer) -> None:
    (pid,) = own_mongo.pids
    own_mongo.discard()

    assert not is_alive(pid)


def test_another_member_takes_over_from_a_killed_primary(mongo_three: MongoSet, replicated: Documents) -> None:
    replicated.insert_one({"_id": 1})
    before = mongo_three.primary()
    before.kill()

    replicated.insert_one({"_id": 2})

    assert mongo_three.primary() is not before
    assert replicated.count_documents({}) == 2


def test_broken_set_is_mended_for_the_next_test(mongo_three: MongoSet) -> None:
    mongo_three.members[0].kill()
    mongo_three.members[1].pause()
    mongo_three.mend()

    assert all(member.answers() for member in mongo_three.members)


def test_another_member_takes_over_when_the_primary_steps_down(mongo_three: MongoSet) -> None:
    before = mongo_three.primary()
    mongo_three.step_down()

    assert wait_for(lambda: mongo_three.primary() is not before)
