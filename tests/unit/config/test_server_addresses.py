"""What the drivers are told."""

from pathlib import Path
from urllib.parse import quote_plus

import pytest

from skalds.config.server_addresses import kafka_servers, redis_url
from skalds.config.skald_config import SkaldConfig

FILE = Path(__file__)


pytestmark = pytest.mark.usefixtures("empty_surroundings")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "redis://localhost:6379/0"),
        ({"redis_host": "::1", "redis_port": 7, "redis_db": 2}, "redis://[::1]:7/2"),
        ({"redis_password": "p@s:s/"}, "redis://:p%40s%3As%2F@localhost:6379/0"),
        ({"redis_username": "me", "redis_password": "x", "redis_tls": True}, "rediss://me:x@localhost:6379/0"),
        ({"redis_url": "redis://h:7/3", "redis_host": "other"}, "redis://h:7/3"),
        ({"redis_url": "redis://you:y@h", "redis_username": "me", "redis_password": "x"}, "redis://you:y@h"),
        ({"redis_url": "redis://h", "redis_password": "x"}, "redis://:x@h"),
        ({"redis_url": "unix:///run/r.sock?db=1", "redis_password": "x"}, "unix://:x@/run/r.sock?db=1"),
        (
            {"redis_url": "rediss://h?a=b", "redis_tls_ca_file": FILE},
            f"rediss://h?a=b&ssl_ca_certs={quote_plus(str(FILE))}",
        ),
        ({"redis_url": "rediss://h?ssl_ca_certs=x", "redis_tls_ca_file": FILE}, "rediss://h?ssl_ca_certs=x"),
    ],
)
def test_redis_has_one_address(given: dict[str, object], url: str) -> None:
    assert redis_url(SkaldConfig(**given)) == url


def test_every_broker_has_a_port() -> None:
    config = SkaldConfig(kafka_host="a,b:1,[::1],[::2]:2", kafka_port=9)

    assert kafka_servers(config) == "a:9,b:1,[::1]:9,[::2]:2"
