"""What can be said of a Redis."""

from typing import Any

import pytest
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection

from skalds.adapters.redis.options import RedisOptions
from skalds.errors import ConfigurationError


def test_host_and_port_are_an_address() -> None:
    assert RedisOptions.at("redis.example", 6380).connection() == {"host": "redis.example", "port": 6380}
    assert RedisOptions.at("::1", 6380).connection() == {"host": "::1", "port": 6380}


def test_host_that_is_a_whole_url_stands_for_itself() -> None:
    assert RedisOptions.at("redis://other:1/2", 6380).connection() == {"host": "other", "port": 1, "db": 2}


def test_what_is_given_beside_the_url_wins() -> None:
    options = RedisOptions(url="redis://alice:one@host:1/2", username="bob", password="two", database=0)

    assert options.connection() == {"host": "host", "port": 1, "db": 0, "username": "bob", "password": "two"}


@pytest.mark.parametrize(
    ("given", "connection"),
    [
        ({"url": "rediss://host"}, SSLConnection),
        ({"url": "redis://host", "tls": True}, SSLConnection),
        ({"url": "redis://host", "ca_file": "ca.pem"}, SSLConnection),
        ({"url": "redis://host", "ca_file": "ca.pem", "tls": False}, None),
        ({"url": "unix:///run/redis.sock"}, UnixDomainSocketConnection),
    ],
)
def test_kind_of_connection(given: dict[str, Any], connection: type | None) -> None:
    assert RedisOptions(**given).connection().get("connection_class") is connection


def test_secrets_are_not_shown() -> None:
    options = RedisOptions(url="redis://alice:secret-1@host:1/2?password=secret-3", password="secret-2")

    assert "secret" not in repr(options)
    assert options.address == "redis://host:1/2"


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"url": ""}, "REDIS_HOST"),
        ({"url": "host:6379"}, "REDIS_HOST"),
        ({"url": "http://host"}, "REDIS_HOST"),
        ({"url": "redis://"}, "REDIS_HOST"),
        ({"url": "redis://host:port"}, "REDIS_HOST"),
        ({"url": "redis://host:99999"}, "REDIS_HOST"),
        ({"url": "redis://host/zero"}, "REDIS_HOST"),
        ({"url": "unix://"}, "REDIS_HOST"),
        ({"url": "redis://host?socket_timeout=soon"}, "REDIS_HOST"),
        ({"url": "unix:///run/redis.sock", "tls": True}, "REDIS_TLS"),
        ({"database": -1}, "REDIS_DB"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        RedisOptions(**given)


def test_refusal_shows_no_password() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        RedisOptions(url="redis://alice:secret-1@host:port")

    assert "secret" not in str(refusal.value)
