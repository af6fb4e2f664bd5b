"""librdkafka's imitation of a Kafka broker as a process, for machines on which Kafka cannot be had."""

import signal
import sys
from pathlib import Path

from confluent_kafka.admin import AdminClient

from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.server import Endpoint
from skalds.testing.waiting import wait_for

_PORT_FILE = "port"


def start_stand_in_kafka(place: Place, reason: str) -> KafkaServer:
    """Starts an imitation, at a port of its own choice; it is good enough for what passes through a topic.

    Started again it would be at another port, and empty.
    """
    carrier = LocalProcess.prepare(place, [sys.executable, "-m", __name__, place.folder / _PORT_FILE])
    carrier.start()
    port = int(wait_for(lambda: _read(place.folder / _PORT_FILE)))
    server = KafkaServer(Endpoint("127.0.0.1", port, carrier, stands_in_because=reason))
    server.wait_ready()
    return server


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _imitate(port_file: Path) -> None:
    client = AdminClient({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
    (broker,) = client.list_topics(timeout=10).brokers.values()
    unfinished = port_file.with_suffix(".new")
    unfinished.write_text(str(broker.port))
    unfinished.rename(port_file)
    signal.pause()


if __name__ == "__main__":
    _imitate(Path(sys.argv[1]))
