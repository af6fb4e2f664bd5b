"""What one must know to use a Redis."""

from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote, urlsplit

from redis.asyncio.connection import SSLConnection, parse_url

from skalds.errors import ConfigurationError

_SCHEMES = ("redis", "rediss", "unix")
_SETTING = "REDIS_HOST"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisOptions:
    """Where the server or any server of the Cluster is, and who we are to it.

    What is given beside the URL wins over what the URL says. `tls` None means: if the URL says `rediss` or a TLS file
    is named.
    """

    url: str = field(default="redis://localhost:6379", repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int | None = None
    tls: bool | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    prefix: str = "skalds"
    """Of what is ours there, where several fleets share a Redis."""
    command_seconds: float = 1.0
    """After this long a command counts as failed, whatever happens to it."""
    read_seconds: float = 0.5
    """For this long what was read of the nodes is read to everybody who asks."""

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            has_place = parts.scheme in _SCHEMES and bool(parts.path if parts.scheme == "unix" else parts.hostname)
            database = "" if parts.scheme == "unix" else parts.path.strip("/")
            is_usable = has_place and (not database or database.isdecimal()) and (parts.port or 1) > 0
            parse_url(self.url)
        except ValueError:
            is_usable = False
        if not is_usable:
            expected = "a host, or a URL: redis://, rediss:// (both with host[:port][/database]) or unix:///path"
            raise ConfigurationError(_SETTING, self.address, expected)
        if self.tls and self.url.startswith("unix"):
            raise ConfigurationError("REDIS_TLS", "true", "false for a Unix socket")
        if self.database is not None and self.database < 0:
            raise ConfigurationError("REDIS_DB", self.database, "0 or more")

    @classmethod
    def at(cls, host: str, port: int, **others: Any) -> Self:
        """The options for `host` and `port`; a host that is a whole URL stands for itself."""
        if "://" in host:
            return cls(url=host, **others)
        return cls(url=f"redis://{f'[{host}]' if ':' in host else quote(host)}:{port}", **others)

    @property
    def address(self) -> str:
        """The URL without anything secret, as people read it."""
        before, _, after = self.url.partition("://")
        place = after.partition("?")[0].rpartition("@")[2]
        return f"{before}://{place}" if after else before

    def connection(self) -> dict[str, Any]:
        """What the driver's connections are made with."""
        named = {
            "username": self.username,
            "password": self.password,
            "db": self.database,
            "ssl_ca_certs": self.ca_file,
            "ssl_certfile": self.certificate_file,
            "ssl_keyfile": self.key_file,
        }
        given = {name: value for name, value in named.items() if value is not None}
        arguments: dict[str, Any] = {**parse_url(self.url), **given}
        if self._has_tls:
            arguments["connection_class"] = SSLConnection
        return arguments

    @property
    def _has_tls(self) -> bool:
        if self.tls is not None:
            return self.tls
        return self.url.startswith("rediss:") or any((self.ca_file, self.certificate_file, self.key_file))
