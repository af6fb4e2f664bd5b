"""Passwords, rights, TLS and sockets of Redis."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from skalds.adapters.redis.options import RedisOptions
from skalds.errors import ConfigurationError, SkaldsError, StoreUnavailable
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.programs import redis_program
from skalds.testing.services.redis_cluster import RedisCluster
from skalds.testing.services.redis_server import RedisServer, start_redis
from skalds.testing.services.unavailable import Unavailable
from tests.certificates import Certificate, make_certificate
from tests.integration.redis.participant import opened

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("redis"), os.getpid())


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(place: Place, tls_port: int, certificate: Certificate) -> Iterator[RedisServer]:
    files = {"cert-file": certificate.file, "key-file": certificate.key, "ca-cert-file": certificate.file}
    tls = [part for name, file in files.items() for part in (f"--tls-{name}", str(file))]
    try:
        program = redis_program()
    except Unavailable as error:
        pytest.skip(str(error))
    socket = str(place.folder / "redis.sock")
    server = start_redis(program, place, "--unixsocket", socket, "--tls-port", str(tls_port), *tls)
    with server.client() as client:
        client.acl_setuser("alice", enabled=True, passwords=["+right"], keys=["skalds:*"], commands=["+@all"])
        client.execute_command("ACL", "SETUSER", "alice", "&skalds:*")
        client.execute_command("ACL", "SETUSER", "bob", "on", ">right", "~skalds:*", "&skalds:*")
        client.execute_command("ACL", "SETUSER", "bob", "+hset", "+hsetnx", "+hgetall", "+ping", "+client")
    yield server
    server.discard()


async def _works(options: RedisOptions) -> None:
    async with opened(options, listens=True) as one:
        one.wakeup.notify()
        await one.wakeup.wait()
        await one.presence.presences()


async def test_user_name_and_password_are_used(server: RedisServer) -> None:
    await _works(RedisOptions(url=server.uri, username="alice", password="right", database=3))
    await _works(RedisOptions(url=f"redis://alice:right@127.0.0.1:{server.port}/3"))


async def test_wrong_password_is_told_at_once_without_showing_it(server: RedisServer) -> None:
    options = RedisOptions(url=f"redis://alice:wr0ng@127.0.0.1:{server.port}")
    with pytest.raises(ConfigurationError, match="REDIS_PASSWORD") as refusal:
        async with opened(options):
            pass
    assert "wr0ng" not in str(refusal.value)


async def test_missing_right_is_named_and_reading_says_nothing_of_nodes(server: RedisServer) -> None:
    options = RedisOptions(url=server.uri, username="bob", password="right", prefix="other")
    async with opened(options) as one:
        with pytest.raises(SkaldsError, match="REDIS_USERNAME"):
            await one.link.execute("HGETALL", "other:beats")
        with pytest.raises(StoreUnavailable):
            await one.presence.presences()


async def test_channel_that_is_not_allowed_stops_nobody_and_is_logged(server: RedisServer) -> None:
    options = RedisOptions(url=server.uri, username="bob", password="right", prefix="other")
    reasons: list[str] = []
    sink = logger.add(lambda line: reasons.append(str(line.record["extra"].get("reason"))), level="WARNING")
    async with opened(options, listens=True) as one:
        one.wakeup.notify()
    logger.remove(sink)
    assert any("REDIS_USERNAME" in reason for reason in reasons)


async def test_user_who_may_not_ask_what_the_server_is_can_use_it(server: RedisServer) -> None:
    async with opened(RedisOptions(url=server.uri, username="bob", password="right", read_seconds=0)) as one:
        await one.presence.presences()


async def test_unix_socket(server: RedisServer, place: Place) -> None:
    await _works(RedisOptions(url=f"unix://{place.folder}/redis.sock"))


async def test_tls_is_checked_against_the_given_certificates(
    server: RedisServer, tls_port: int, certificate: Certificate
) -> None:
    file, key = str(certificate.file), str(certificate.key)
    url = f"rediss://127.0.0.1:{tls_port}"
    await _works(RedisOptions.at("127.0.0.1", tls_port, ca_file=file, certificate_file=file, key_file=key))
    await _works(RedisOptions(url=f"{url}?ssl_ca_certs={file}", certificate_file=file, key_file=key))
    async with opened(RedisOptions(url=url, certificate_file=file, key_file=key)) as one:
        with pytest.raises(StoreUnavailable, match=r"(?i)certificate"):
            await one.link.execute("PING")


async def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_TLS_CA_FILE"):
        async with opened(RedisOptions(ca_file=str(tmp_path / "none.pem"))):
            pass


async def test_cluster_has_one_database_only(redis_cluster: RedisCluster) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_DB"):
        async with opened(RedisOptions(url=redis_cluster.uri, database=1)):
            pass
