"""The servers of compose.yaml, where a Docker engine answers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from skalds.testing.services.container import Container
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.mongo_server import MongoServer
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.redis_server import RedisServer
from skalds.testing.services.server import Endpoint, Server
from skalds.testing.services.unavailable import Unavailable

pytestmark = pytest.mark.integration


@pytest.fixture(params=[("mongo", MongoServer), ("redis", RedisServer), ("kafka", KafkaServer)], ids=lambda p: p[0])
def contained(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    name, build = request.param
    port = free_port()
    try:
        container = Container.prepare(Place(tmp_path / name, os.getpid()), name, port)
    except Unavailable as error:
        pytest.skip(str(error))
    yield build(Endpoint("127.0.0.1", port, container))
    container.discard()


def test_contained_server_is_killed_and_comes_back(contained: Server) -> None:
    contained.start()
    assert contained.answers()
    contained.kill()
    assert not contained.is_running

    contained.start()

    assert contained.answers()


def test_contained_server_is_paused_and_resumed(contained: Server) -> None:
    contained.start()
    contained.pause()
    assert contained.is_running
    contained.resume()

    contained.wait_ready()
    assert contained.answers()


def test_without_an_engine_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")

    with pytest.raises(Unavailable, match="no Docker engine answers"):
        Container.prepare(Place(tmp_path / "redis", os.getpid()), "redis", free_port())
    assert list(tmp_path.iterdir()) == []
