"""Several Kafka brokers, for tests in which one of them is lost."""

from collections.abc import Sequence
from contextlib import ExitStack

from skalds.testing.services.kafka_server import KafkaProgram, KafkaServer, prepare_kafka
from skalds.testing.services.place import Place
from skalds.testing.services.server import Endpoint
from skalds.testing.waiting import wait_for

_READY_SECONDS = 90.0


class KafkaCluster:
    """A cluster whose brokers can be broken one by one; two of three serve on."""

    def __init__(self, members: Sequence[KafkaServer]) -> None:
        self.members = tuple(members)
        self.host, self.port = self.members[0].host, self.members[0].port

    @property
    def bootstrap(self) -> str:
        return ",".join(member.bootstrap for member in self.members)

    @property
    def uri(self) -> str:
        return self.bootstrap

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(member.endpoint for member in self.members)

    @property
    def is_running(self) -> bool:
        return all(member.is_running for member in self.members)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once every broker knows all of them."""
        for member in self.members:
            member.wait_ready(seconds)
        wait_for(lambda: all(len(m.brokers()) == len(self.members) for m in self.members), seconds)

    def mend(self) -> None:
        """Undoes what a test has done to the brokers."""
        for member in self.members:
            member.resume()
            member.endpoint.carrier.start()
        self.wait_ready()

    def discard(self) -> None:
        """Kills the brokers and removes their data."""
        for member in self.members:
            member.discard()


def start_kafka_cluster(program: KafkaProgram, place: Place, count: int = 3) -> KafkaCluster:
    """Starts a new cluster; a broker alone has no quorum, so all are started before any is waited for."""
    with ExitStack() as undo:
        places = [place.below(f"broker-{number}") for number in range(1, count + 1)]
        cluster = KafkaCluster(prepare_kafka(program, places))
        undo.callback(cluster.discard)
        cluster.mend()
        undo.pop_all()
    return cluster
