"""The Kafka brokers of the test kit, and the imitation for machines without them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from skalds.testing.local_processes import is_alive
from skalds.testing.services.kafka_cluster import KafkaCluster
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.place import Place
from skalds.testing.services.stand_in_kafka import start_stand_in_kafka
from skalds.testing.waiting import wait_for

pytestmark = pytest.mark.integration

TOPIC = "kit"
SECONDS = 30.0


@pytest.fixture
def imitation(tmp_path: Path) -> Iterator[KafkaServer]:
    server = start_stand_in_kafka(Place(tmp_path / "imitation", os.getpid()), "for a test")
    yield server
    server.discard()


def send(server: KafkaServer | KafkaCluster, *texts: str) -> None:
    """Sends so that no acknowledged message can be lost, and waits for all acknowledgements."""
    failures: list[KafkaError] = []

    def note(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer(
        {"bootstrap.servers": server.bootstrap, "acks": "all", "enable.idempotence": True, "log_level": 0}
    )
    for text in texts:
        producer.produce(TOPIC, text, partition=0, on_delivery=note)
    assert producer.flush(SECONDS) == 0
    assert failures == []


def received(server: KafkaServer | KafkaCluster, count: int) -> list[str]:
    consumer = Consumer({"bootstrap.servers": server.bootstrap, "group.id": "kit", "log_level": 0})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    found: list[str] = []

    def read_on() -> bool:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            found.append((message.value() or b"").decode())
        return len(found) >= count

    try:
        wait_for(read_on, SECONDS)
    finally:
        consumer.close()
    return found


def test_broker_of_the_run_answers(kafka_server: KafkaServer) -> None:
    assert kafka_server.answers()


def test_killed_broker_comes_back_with_its_messages(own_kafka: KafkaServer) -> None:
    send(own_kafka, "one", "two")
    address, (pid,) = own_kafka.bootstrap, own_kafka.pids
    own_kafka.kill()
    assert not is_alive(pid)

    own_kafka.start()

    assert own_kafka.bootstrap == address
    assert received(own_kafka, 2) == ["one", "two"]


def test_stopped_and_paused_broker_comes_back(own_kafka: KafkaServer) -> None:
    own_kafka.stop()
    assert not own_kafka.is_running
    own_kafka.start()
    own_kafka.pause()
    own_kafka.resume()

    send(own_kafka, "one")
    assert received(own_kafka, 1) == ["one"]


def test_two_brokers_of_three_serve_on(kafka_three: KafkaCluster) -> None:
    wanted = NewTopic(TOPIC, num_partitions=1, replication_factor=3)
    admin = kafka_three.members[0].admin()
    for created in admin.create_topics([wanted]).values():
        created.result(SECONDS)
    send(kafka_three, "before")
    kafka_three.members[2].kill()

    send(kafka_three, "after")

    assert received(kafka_three, 2) == ["before", "after"]


def test_lost_broker_is_mended_for_the_next_test(kafka_three: KafkaCluster) -> None:
    assert kafka_three.is_running
    # On a busy machine a broker may miss its heartbeats for a moment and be given up until the next.
    wait_for(lambda: all(len(member.brokers()) == 3 for member in kafka_three.members), SECONDS)


def test_imitation_passes_messages_and_says_what_it_is(imitation: KafkaServer) -> None:
    send(imitation, "one", "two")

    assert imitation.is_stand_in
    assert received(imitation, 2) == ["one", "two"]


def test_imitation_ends_when_it_is_discarded(imitation: KafkaServer) -> None:
    (pid,) = imitation.pids
    imitation.discard()

    assert not is_alive(pid)
