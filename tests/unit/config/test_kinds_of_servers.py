"""Addresses, brokers and tokens: what is taken, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.config.kinds import PATH, PORT
from skalds.config.kinds_of_servers import BROKERS, MONGO_URI, REDIS_URL, TOKEN, optional
from tests.unit.config.test_kinds import refuses


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "mongodb://root:root@localhost:27017/",
        "mongodb://a:1,b:2,c:3/?replicaSet=rs0&tls=true",
        "mongodb+srv://me:p%40ss@cluster.example/?authSource=admin",
    ],
)
def test_mongo_uri_is_kept_as_it_is(text: str) -> None:
    assert MONGO_URI.read(f" {text} ") == text


@pytest.mark.parametrize("text", ["http://host", "mongodb://", "mongo://host", "a b", "mongodb://h\n"])
def test_what_is_no_mongo_uri_is_refused(text: str) -> None:
    assert refuses(MONGO_URI, text)


@pytest.mark.parametrize("text", ["", "kafka", "a:1,b:65535", "10.0.0.1:9092", "[::1]:9092,[::2]", "a.b-c.example:9"])
def test_brokers_are_hosts_with_or_without_port(text: str) -> None:
    assert BROKERS.read(text) == text


def test_blanks_between_brokers_are_dropped() -> None:
    assert BROKERS.read(" a:1 , b ") == "a:1,b"


@pytest.mark.parametrize("text", ["a,", ",a", "a,,b", "a:", "a:x", "a:0", "a:65536", "a b", "kafka://a", "::1", "a/b"])
def test_brokers_that_cannot_be_are_refused(text: str) -> None:
    assert refuses(BROKERS, text)


@pytest.mark.parametrize(
    "text",
    ["", "redis://h", "redis://:secret@h:6379/2", "rediss://me:secret@[::1]:6380", "unix:///run/redis.sock?db=1"],
)
def test_redis_url_is_kept_as_it_is(text: str) -> None:
    assert REDIS_URL.read(text) == text


@pytest.mark.parametrize(
    "text", ["h:6379", "redis://", "unix://", "unix:///", "http://h", "redis://h:x", "redis://a b"]
)
def test_what_is_no_redis_url_is_refused(text: str) -> None:
    assert refuses(REDIS_URL, text)


@given(st.from_regex(r"[!-~]{1,80}", fullmatch=True))
def test_token_is_what_a_header_can_carry(text: str) -> None:
    assert TOKEN.read(f" {text}\n".strip("\n")) == text


@pytest.mark.parametrize("text", ["a b", "tökén", "a\tb", "a\nb"])
def test_token_that_no_header_can_carry_is_refused(text: str) -> None:
    assert refuses(TOKEN, text)


def test_optional_kind_is_nothing_or_what_it_is_of() -> None:
    assert (optional(PORT).read(""), optional(PORT).read("7")) == (None, 7)
    assert (optional(PORT).write(None), optional(PORT).write(7)) == ("", "7")
    assert (optional(PORT, "auto").read("AUTO"), optional(PORT, "auto").write(None)) == (None, "auto")
    assert refuses(optional(PORT), "x")
    assert refuses(optional(PATH, "auto"), "")
