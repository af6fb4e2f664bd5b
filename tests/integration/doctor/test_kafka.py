"""What the checkup of Kafka says of brokers and topics in different states."""

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from skalds.adapters.kafka.checkup import KafkaCheckup
from skalds.adapters.kafka.checkup_topics import LEGACY_TOPICS, TopicPlan
from skalds.adapters.kafka.partitions import TOPICS
from skalds.ports.checkup import Verdict
from skalds.testing.services.kafka_cluster import KafkaCluster
from skalds.testing.services.kafka_server import KafkaServer
from skalds.testing.services.ports import free_port
from skalds.testing.waiting import wait_for
from tests.integration.doctor.examining import Found, examine

pytestmark = pytest.mark.integration


async def look(
    bootstrap: str,
    plan: TopicPlan | None = None,
    *,
    seconds: float = 10.0,
    login: Mapping[str, str] = MappingProxyType({}),
) -> Found:
    properties = {"bootstrap.servers": bootstrap, "security.protocol": "PLAINTEXT", **login}
    return await examine(KafkaCheckup(properties, plan or TopicPlan(), seconds=seconds))


def make(bootstrap: str, topic: str, *, partitions: int = 2, copies: int = 1, **settings: str) -> None:
    """Makes a topic and waits until every broker knows it, and who leads it."""
    config = {name.replace("_", "."): value for name, value in settings.items()}
    brokers = [AdminClient({"bootstrap.servers": one}) for one in bootstrap.split(",")]
    for future in brokers[0].create_topics([NewTopic(topic, partitions, copies, config=config)]).values():
        future.result(20)
    wait_for(lambda: all(copies_in_sync(broker, topic) == copies for broker in brokers))


def copies_in_sync(broker: AdminClient, topic: str) -> int:
    """The fewest of any partition, as this broker knows it; 0 if one has no leader."""
    known = broker.list_topics(timeout=5).topics.get(topic)
    partitions = known.partitions.values() if known is not None else ()
    return min((len(one.isrs) if one.leader >= 0 else 0 for one in partitions), default=0)


def topics_of(bootstrap: str) -> set[str]:
    """Without those of Kafka itself: it makes one when it first sees a consumer, whatever that reads."""
    topics = AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=5).topics
    return {name for name in topics if not name.startswith("__")}


# A broker costs seconds: what is about topics and needs one of its own shares two of them.


async def test_a_new_broker_is_well_and_left_as_it_was(own_kafka: KafkaServer) -> None:
    before = topics_of(own_kafka.bootstrap)
    found = await look(own_kafka.bootstrap)
    demanding = await look(own_kafka.bootstrap, TopicPlan(replication=3))

    assert list(found.by_check) == ["reachable", "login", "brokers", "version", *TOPICS, *LEGACY_TOPICS, "round trip"]
    assert found.unwell == {}
    assert "64 partitions and 1 replica" in found.by_check["task.assign"].detail
    assert set(demanding.unwell) == set(TOPICS)
    assert demanding.by_check["task.assign"].fix == "set KAFKA_REPLICATION_FACTOR to 1 at most"
    wait_for(lambda: topics_of(own_kafka.bootstrap) == before)


async def test_topics_that_are_there_are_described_with_what_is_wrong(own_kafka: KafkaServer) -> None:
    make(own_kafka.bootstrap, "testing")
    make(own_kafka.bootstrap, "task.assign", partitions=3)
    make(own_kafka.bootstrap, "task.cancel", min_insync_replicas="2")
    make(own_kafka.bootstrap, "task.update.attachment", max_message_bytes="100000")
    found = await look(own_kafka.bootstrap)
    own_kafka.pause()
    silent = await look(own_kafka.bootstrap, seconds=1)
    own_kafka.resume()

    assert found.by_check["task.assign"].detail == "3 partitions, 1 replica, min.insync.replicas 1"
    assert found.by_check["round trip"].detail.startswith("through testing")
    assert {check: one.verdict for check, one in found.unwell.items()} == {
        "task.cancel": Verdict.WRONG,
        "task.update.attachment": Verdict.WARNING,
    }
    assert found.by_check["task.cancel"].fix.startswith("set min.insync.replicas to 1")
    assert "max.message.bytes 100,000" in found.by_check["task.update.attachment"].detail
    assert silent.verdicts == {"reachable": "ok", "speaks Kafka": "wrong"}


async def test_topics_of_0_3_8_are_only_looked_at_where_it_is_served(kafka_server: KafkaServer) -> None:
    found = await look(kafka_server.bootstrap, TopicPlan(serves_legacy=False))

    assert not set(LEGACY_TOPICS) & found.by_check.keys()


async def test_a_closed_port_is_refused() -> None:
    found = (await look(f"127.0.0.1:{free_port()}")).the_only_one(Verdict.WRONG)

    assert (found.check, "KAFKA_HOST" in found.fix) == ("reachable", True)


async def test_a_name_that_nobody_has_is_not_a_closed_port() -> None:
    assert "cannot be resolved" in (await look("nobody.invalid:9092")).the_only_one(Verdict.WRONG).detail


async def test_tls_that_the_broker_does_not_speak_is_told(kafka_server: KafkaServer) -> None:
    found = (await look(kafka_server.bootstrap, seconds=3, login={"security.protocol": "SSL"})).the_only_one(
        Verdict.WRONG
    )

    assert (found.check, "KAFKA_SECURITY_PROTOCOL" in found.fix) == ("TLS", True)


async def test_a_login_that_the_broker_does_not_know_is_told_without_its_password(kafka_server: KafkaServer) -> None:
    login = {"sasl.mechanism": "PLAIN", "sasl.username": "me", "sasl.password": "geheim"}
    login["security.protocol"] = "SASL_PLAINTEXT"
    found = await look(kafka_server.bootstrap, seconds=3, login=login)
    refused = found.the_only_one(Verdict.WRONG)

    assert refused.check == "login"
    assert "geheim" not in refused.detail + refused.fix


async def test_a_lost_broker_of_three_is_a_warning_wherever_it_shows(kafka_three: KafkaCluster) -> None:
    make(kafka_three.bootstrap, "task.assign", partitions=3, copies=3, min_insync_replicas="2")
    make(kafka_three.bootstrap, "task.cancel", partitions=1, copies=1, min_insync_replicas="1")
    assert {check: one.verdict for check, one in (await look(kafka_three.bootstrap)).unwell.items()} == {
        "task.cancel": Verdict.WARNING  # one replica only
    }

    *left, lost = kafka_three.members
    lost.kill()
    wait_for(
        lambda: all(
            len(member.brokers()) == 2 and copies_in_sync(member.admin(), "task.assign") < 3 for member in left
        ),
        60,
    )
    found = await look(kafka_three.bootstrap)
    assert found.by_check["reachable"].verdict is Verdict.WARNING
    assert found.by_check["task.assign"].verdict is Verdict.WARNING
    assert "behind or gone" in found.by_check["task.assign"].detail
    assert found.by_check["round trip"].verdict is Verdict.OK
