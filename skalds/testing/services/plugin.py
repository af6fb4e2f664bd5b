"""Fixtures for pytest: real servers, one set for all workers of a run, and some that a test may break.

    main process ──names a folder──► workers: whoever needs a server first starts it there
         └── at the end: stops what is in the folder

A run that needs no server starts none.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

from skalds.testing.services.kind import Kind, Service
from skalds.testing.services.place import Place
from skalds.testing.services.shared import SharedServices, discard_all
from skalds.testing.services.unavailable import Unavailable

if TYPE_CHECKING:
    from skalds.testing.services.kafka_cluster import KafkaCluster
    from skalds.testing.services.kafka_server import KafkaServer
    from skalds.testing.services.mongo_server import MongoServer
    from skalds.testing.services.mongo_set import MongoSet
    from skalds.testing.services.redis_cluster import RedisCluster
    from skalds.testing.services.redis_server import RedisServer

S = TypeVar("S", bound=Service)

_PLACE = pytest.StashKey[Place]()


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get("services_place")
    if given is None:
        # Only a name: the folder comes into being with the first server.
        folder = Path(tempfile.gettempdir()) / f"skalds-services-{os.getpid()}-{os.urandom(4).hex()}"
        given = (str(folder), os.getpid())
    config.stash[_PLACE] = Place(Path(given[0]), given[1], Path(given[0]))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    place = node.config.stash[_PLACE]
    node.workerinput["services_place"] = (str(place.folder), place.owner)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason in SharedServices(config.stash[_PLACE]).missing():
        # Between its first and its last line there may be the log of a server that did not start.
        lines = reason.splitlines()
        terminalreporter.write_line(
            f"ENGINE MISSING: {' … '.join(lines[:: max(1, len(lines) - 1)])}", red=True, bold=True
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    place = config.stash.get(_PLACE, None)
    if place is not None and place.owner == os.getpid():
        discard_all(place.folder)


@pytest.fixture(scope="session")
def mongo_server(pytestconfig: pytest.Config) -> "MongoServer":
    """The MongoDB of the run, a replica set of one; use a database of your own."""
    from skalds.testing.services.kinds import MONGO

    return _shared(pytestconfig, MONGO)


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> "RedisServer":
    """The Redis of the run; use keys of your own, and flush nothing."""
    from skalds.testing.services.kinds import REDIS

    return _shared(pytestconfig, REDIS)


@pytest.fixture(scope="session")
def kafka_server(pytestconfig: pytest.Config) -> "KafkaServer":
    """The Kafka of the run, one broker; use topics of your own."""
    from skalds.testing.services.kinds import KAFKA

    return _shared(pytestconfig, KAFKA)


@pytest.fixture(scope="session")
def redis_cluster(pytestconfig: pytest.Config) -> "RedisCluster":
    """The Redis Cluster of the run, three servers; use keys of your own, and flush nothing."""
    from skalds.testing.services.kinds import REDIS_CLUSTER

    return _shared(pytestconfig, REDIS_CLUSTER)


@pytest.fixture
def own_mongo(pytestconfig: pytest.Config) -> Iterator["MongoServer"]:
    """A new MongoDB that the test may kill."""
    from skalds.testing.services.kinds import MONGO

    yield from _own(pytestconfig, MONGO)


@pytest.fixture
def own_redis(pytestconfig: pytest.Config) -> Iterator["RedisServer"]:
    """A new Redis that the test may kill and flush."""
    from skalds.testing.services.kinds import REDIS

    yield from _own(pytestconfig, REDIS)


@pytest.fixture
def own_kafka(pytestconfig: pytest.Config) -> Iterator["KafkaServer"]:
    """A new Kafka that the test may kill."""
    from skalds.testing.services.kinds import KAFKA

    yield from _own(pytestconfig, KAFKA)


@pytest.fixture(scope="module")
def _mongo_three(pytestconfig: pytest.Config) -> Iterator["MongoSet"]:
    from skalds.testing.services.kinds import MONGO_SET

    yield from _own(pytestconfig, MONGO_SET)


@pytest.fixture(scope="module")
def _kafka_three(pytestconfig: pytest.Config) -> Iterator["KafkaCluster"]:
    from skalds.testing.services.kinds import KAFKA_CLUSTER

    yield from _own(pytestconfig, KAFKA_CLUSTER)


@pytest.fixture
def mongo_three(_mongo_three: "MongoSet") -> "MongoSet":
    """Three members that the tests of this file may break; each test finds them whole, with what was stored before."""
    _mongo_three.mend()
    return _mongo_three


@pytest.fixture
def kafka_three(_kafka_three: "KafkaCluster") -> "KafkaCluster":
    """Three brokers that the tests of this file may break; each test finds them whole, with the topics of before."""
    _kafka_three.mend()
    return _kafka_three


def _shared(config: pytest.Config, kind: Kind[S]) -> S:
    try:
        return SharedServices(config.stash[_PLACE]).get(kind)
    except Unavailable as error:
        _do_without(error)


def _own(config: pytest.Config, kind: Kind[S]) -> Iterator[S]:
    folder = config.stash[_PLACE].folder / f"own-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        service = kind.start_new(Place(folder, os.getpid(), folder))
    except Unavailable as error:
        _do_without(error)
    else:
        yield service
    finally:
        discard_all(folder)


def _do_without(error: Unavailable) -> NoReturn:
    message = f"ENGINE MISSING: {error}"
    if os.environ.get("SKALDS_REQUIRE_ENGINES") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
