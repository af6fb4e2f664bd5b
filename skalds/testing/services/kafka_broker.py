"""The files from which a Kafka broker starts."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skalds.testing.services.ports import free_port


@dataclass(frozen=True)
class Broker:
    """One member of a cluster: a broker that has a vote."""

    number: int
    port: int
    vote_port: int
    inner_port: int
    proxy_port: int
    """A broker tells its clients where to go on; those that come to `inner_port` are told `proxy_port`."""

    @property
    def voter(self) -> str:
        return f"{self.number}@127.0.0.1:{self.vote_port}"


def choose_brokers(count: int) -> tuple[Broker, ...]:
    """Brokers of a new cluster, on free ports."""
    return tuple(Broker(number, *(free_port() for _ in range(4))) for number in range(1, count + 1))


def new_cluster_id() -> str:
    """An id in the form that Kafka wants."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return text


def write_files(broker: Broker, brokers: tuple[Broker, ...], cluster_id: str, folder: Path) -> Path:
    """Formats the broker's data folder and writes its settings; returns the file of settings.

    Formatting is one small file; Kafka's own tool would be a Java start of its own for it.
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    meta = {"version": 1, "cluster.id": cluster_id, "node.id": broker.number, "directory.id": new_cluster_id()}
    _write(data / "meta.properties", meta)
    return _write(folder / "server.properties", _settings(broker, brokers, data))


def _settings(broker: Broker, brokers: tuple[Broker, ...], data: Path) -> Mapping[str, object]:
    replicas = len(brokers)
    return {
        "process.roles": "broker,controller",
        "node.id": broker.number,
        "controller.quorum.voters": ",".join(each.voter for each in brokers),
        "listeners": _addresses(PLAINTEXT=broker.port, PROXIED=broker.inner_port, CONTROLLER=broker.vote_port),
        "advertised.listeners": _addresses(PLAINTEXT=broker.port, PROXIED=broker.proxy_port),
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
        "log.dirs": data,
        "default.replication.factor": replicas,
        "min.insync.replicas": max(1, replicas - 1),
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": max(1, replicas - 1),
        "transaction.state.log.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        # A broker that was killed counts as lost after this time, and its partitions get other leaders.
        "broker.session.timeout.ms": 3_000,
        "broker.heartbeat.interval.ms": 500,
        # As few threads as it works with: the tests run on small machines.
        "num.network.threads": 1,
        "num.io.threads": 2,
        "num.replica.fetchers": 1,
        "background.threads": 1,
        "log.cleaner.enable": "false",
    }


def _addresses(**ports: int) -> str:
    return ",".join(f"{listener}://127.0.0.1:{port}" for listener, port in ports.items())


def _write(path: Path, values: Mapping[str, object]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path
