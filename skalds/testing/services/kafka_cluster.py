"""Several Kafka brokers, for tests in which one of them is lost."""

from contextlib import ExitStack

from skalds.testing.services.group import Group
from skalds.testing.services.kafka_server import KafkaProgram, KafkaServer, prepare_kafka
from skalds.testing.services.place import Place
from skalds.testing.waiting import wait_for

_READY_SECONDS = 90.0


class KafkaCluster(Group[KafkaServer]):
    """Brokers of which two of three serve on."""

    @property
    def uri(self) -> str:
        return self.bootstrap

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once every broker knows all of them."""
        super().wait_ready(seconds)
        wait_for(lambda: all(len(member.brokers()) == len(self.members) for member in self.members), seconds)


def start_kafka_cluster(program: KafkaProgram, place: Place, count: int = 3) -> KafkaCluster:
    """Starts a new cluster; a broker alone has no quorum, so all are started before any is waited for."""
    with ExitStack() as undo:
        places = [place.below(f"broker-{number}") for number in range(1, count + 1)]
        cluster = KafkaCluster(prepare_kafka(program, places))
        undo.callback(cluster.discard)
        cluster.mend()
        undo.pop_all()
    return cluster
