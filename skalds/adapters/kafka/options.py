"""What one must know to use a Kafka."""

from dataclasses import dataclass, field
from typing import Any

from skalds.errors import ConfigurationError
from skalds.model.event import Topic

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_CLOUD = "confluent.cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Where the brokers are, who we are to them, and how topics are made that do not exist yet.

    A server of `confluent.cloud` implies the mechanism PLAIN. Without a mechanism user name and password are not used,
    as in 0.3.8. `tls` None means: if there is a mechanism, so that no password goes out in the clear because nobody
    said how, or a TLS file. `replication` None means 3, or one per broker if there are fewer.
    """

    servers: tuple[str, ...] = ("localhost:9092",)
    mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password: str | None = field(default=None, repr=False)
    prefix: str = ""
    """Before the name of each topic, where several fleets share a Kafka; nodes of 0.3.8 know only topics without."""
    partitions: int = 64
    replication: int | None = None
    serves_legacy: bool = True
    delivery_seconds: float = 3.0
    """After this long without an answer a message counts as lost."""
    patience_seconds: float = 10.0
    """How long a node waits for Kafka before it goes on without."""
    renew_seconds: float = 60.0
    """How often everybody looks whether a topic has grown."""

    def __post_init__(self) -> None:
        if not self.servers or not all(_is_address(server) for server in self.servers):
            raise ConfigurationError("KAFKA_HOST", ",".join(self.servers), "host:port, several with a comma between")
        if self.mechanism is not None and self.mechanism not in MECHANISMS:
            raise ConfigurationError("KAFKA_SASL_MECHANISM", self.mechanism, f"one of {', '.join(MECHANISMS)}")
        if self.partitions < 1:
            raise ConfigurationError("KAFKA_TOPIC_PARTITIONS", self.partitions, "1 or more")
        if self.replication is not None and self.replication < 1:
            raise ConfigurationError("KAFKA_REPLICATION_FACTOR", self.replication, "1 or more")

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that nodes read, as they are named there."""
        return tuple(self.prefix + topic for topic in Topic)

    @property
    def address(self) -> str:
        """The servers as one text, as the driver and people read them."""
        return ",".join(self.servers)

    def security(self) -> dict[str, Any]:
        """The driver's settings of who we are and how we talk."""
        is_cloud = any(_CLOUD in server for server in self.servers)
        mechanism = self.mechanism or ("PLAIN" if is_cloud else None)
        files = self._tls_files()
        has_tls = self.tls if self.tls is not None else bool(mechanism or files)
        settings = {"security.protocol": ("SASL_" if mechanism else "") + ("SSL" if has_tls else "PLAINTEXT")}
        if mechanism:
            login = {"sasl.username": self.username or "", "sasl.password": self.password or ""}
            settings |= {"sasl.mechanism": mechanism} | login
        return settings | (files if has_tls else {})

    def _tls_files(self) -> dict[str, str]:
        named = {
            "ssl.ca.location": self.ca_file,
            "ssl.certificate.location": self.certificate_file,
            "ssl.key.location": self.key_file,
            "ssl.key.password": self.key_password,
        }
        return {name: value for name, value in named.items() if value}


def _is_address(server: str) -> bool:
    host, colon, port = server.rpartition(":")
    return bool(host and colon) and port.isdecimal() and 0 < int(port) < 65_536
