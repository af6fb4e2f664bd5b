"""Servers for `skalds doctor` to find fault with."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skalds.testing.services.mongo_server import MongoMember, MongoServer
from skalds.testing.services.place import Place
from skalds.testing.services.programs import mongo_program
from skalds.testing.services.unavailable import Unavailable
from tests.integration.doctor.mongods import start_guarded_mongod, start_mongod

DATABASE = "doctor"


@pytest.fixture
def mongod(mongo_server: MongoServer) -> Path:
    """The program, where MongoDB is a local one; whether there is any at all, `mongo_server` has said by then."""
    try:
        return mongo_program()
    except Unavailable as error:
        pytest.skip(f"{mongo_server.uri} is used, and no program for another one is here: {error}")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "server", os.getpid())


@pytest.fixture
def standalone(mongod: Path, place: Place) -> Iterator[MongoMember]:
    server = start_mongod(mongod, place)
    yield server
    server.discard()


@pytest.fixture
def uninitiated(mongod: Path, place: Place) -> Iterator[MongoMember]:
    server = start_mongod(mongod, place, "--replSet", "skalds")
    yield server
    server.discard()


@pytest.fixture
def guarded(mongod: Path, place: Place) -> Iterator[MongoMember]:
    """With the users of `start_guarded_mongod` for DATABASE."""
    server = start_guarded_mongod(mongod, place, DATABASE)
    yield server
    server.discard()
