"""Kafka in KRaft mode: each server is broker and controller in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from skalds.testing.services.kafka_broker import choose_brokers, new_cluster_id, write_files
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.server import Endpoint, Server

_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class KafkaProgram:
    """How to start Kafka's own server class."""

    java: Path
    jars: tuple[Path, ...]
    archive: Path
    """Classes as a virtual machine has prepared them once; with it a start takes half the time and half the work."""

    def command(self, settings: Path, archive_option: str) -> list[str]:
        options = [
            *("-Xms64m", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
            *("-Xshare:auto", f"-XX:{archive_option}={self.archive}", "-Xlog:disable", "-Xlog:all=error:stderr"),
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        ]
        return [str(self.java), *options, "-cp", ":".join(map(str, self.jars)), "kafka.Kafka", str(settings)]


class KafkaServer(Server):
    """One Kafka broker."""

    @property
    def uri(self) -> str:
        return self.bootstrap

    @property
    def is_stand_in(self) -> bool:
        """Whether this is only librdkafka's imitation of a broker, which loses data and port when it ends."""
        return bool(self.endpoint.stands_in_because)

    def answers(self) -> bool:
        return bool(self.brokers())

    def brokers(self) -> tuple[int, ...]:
        """The ids of the brokers that this one believes to be alive."""
        try:
            return tuple(self.admin().list_topics(timeout=_PATIENCE_SECONDS).brokers)
        except KafkaException:
            return ()

    def admin(self) -> AdminClient:
        """A client for administration that keeps its complaints to itself."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})


def start_kafka(program: KafkaProgram, place: Place) -> KafkaServer:
    """Starts a new cluster of one broker."""
    (server,) = prepare_kafka(program, [place])
    server.start()
    return server


def prepare_kafka(
    program: KafkaProgram, places: Sequence[Place], archive_option: str = "SharedArchiveFile"
) -> list[KafkaServer]:
    """Writes down the brokers of one new cluster; none is started yet."""
    brokers, cluster_id = choose_brokers(len(places)), new_cluster_id()
    servers = []
    for broker, place in zip(brokers, places, strict=True):
        settings = write_files(broker, brokers, cluster_id, place.folder)
        carrier = LocalProcess.prepare(place, program.command(settings, archive_option))
        endpoint = Endpoint(
            "127.0.0.1", broker.port, carrier, inner_port=broker.inner_port, proxy_port=broker.proxy_port
        )
        servers.append(KafkaServer(endpoint))
    return servers
