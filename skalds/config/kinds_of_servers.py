"""The kinds of value that say where a server is and how one gets in."""

import re
from typing import TypeVar
from urllib.parse import urlsplit

from skalds.config.kinds import Kind, read_text, require

T = TypeVar("T")

_TOKEN = re.compile(r"[!-~]*")
# A name, an IPv4 address, or an IPv6 address in brackets; perhaps with a port.
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?")
_REDIS_SCHEMES = ("redis", "rediss")


def optional(kind: Kind[T], when_none: str = "") -> Kind[T | None]:
    """The same kind, or nothing, which is written as `when_none`."""
    expected = f"{kind.expected}, or {when_none or 'nothing'}"

    def read(value: object) -> T | None:
        is_none = isinstance(value, str) and value.strip().casefold() == when_none
        return None if is_none else kind.read(value)

    return Kind(expected, read, lambda value: when_none if value is None else kind.write(value))


def _read_token(value: object) -> str:
    return require(_TOKEN.fullmatch(read_text(value).strip()))[0]


def _read_mongo_uri(value: object) -> str:
    text = read_text(value).strip()
    scheme, mark, rest = text.partition("://")
    usable = rest and scheme in ("mongodb", "mongodb+srv") if mark else " " not in text
    return require(text if usable else None)


def _read_brokers(value: object) -> str:
    brokers = [broker.strip() for broker in read_text(value).split(",")]
    for broker in brokers if any(brokers) else ():
        port = require(_BROKER.fullmatch(broker))[1]
        require(True if port is None or 0 < int(port) < 65536 else None)
    return ",".join(brokers)


def _read_redis_url(value: object) -> str:
    text = read_text(value).strip()
    parts = urlsplit(text)  # raises ValueError for a host or a port that cannot be
    server = parts.scheme in _REDIS_SCHEMES and parts.hostname and parts.port != 0
    file = parts.scheme == "unix" and parts.path.strip("/")
    return require(text if not text or (" " not in text and (server or file)) else None)


# What a header can carry; a token with anything else could never be presented.
TOKEN: Kind[str] = Kind("letters, digits and signs without spaces", _read_token, empty_is_unset=False)
MONGO_URI: Kind[str] = Kind(
    "an address like mongodb://user:password@host:27017/?replicaSet=rs0&tls=true", _read_mongo_uri, empty_is_unset=False
)
# Text, because code written for 0.3.8 expects text here.
BROKERS: Kind[str] = Kind("hosts like kafka or kafka-1:9092,kafka-2:9092", _read_brokers, empty_is_unset=False)
REDIS_URL: Kind[str] = Kind(
    "an address like redis://host:6379/0, rediss://host:6379/0 or unix:///path", _read_redis_url, empty_is_unset=False
)
