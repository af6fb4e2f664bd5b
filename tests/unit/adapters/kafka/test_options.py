"""What can be said of a Kafka, and what the driver is told."""

from typing import Any

import pytest

from skalds.adapters.kafka.client_settings import consumer_settings, producer_settings
from skalds.adapters.kafka.options import KafkaOptions
from skalds.errors import ConfigurationError

LOGIN: dict[str, Any] = {"username": "alice", "password": "secret-1"}


@pytest.mark.parametrize(
    ("given", "protocol", "mechanism"),
    [
        ({}, "PLAINTEXT", None),
        (LOGIN, "PLAINTEXT", None),
        ({"tls": True}, "SSL", None),
        ({"ca_file": "ca.pem"}, "SSL", None),
        ({"ca_file": "ca.pem", "tls": False}, "PLAINTEXT", None),
        ({"mechanism": "PLAIN", **LOGIN}, "SASL_SSL", "PLAIN"),
        ({"mechanism": "SCRAM-SHA-256", "tls": False, **LOGIN}, "SASL_PLAINTEXT", "SCRAM-SHA-256"),
        ({"mechanism": "SCRAM-SHA-512", "ca_file": "ca.pem", **LOGIN}, "SASL_SSL", "SCRAM-SHA-512"),
        ({"servers": ("x.confluent.cloud:9092",), **LOGIN}, "SASL_SSL", "PLAIN"),
    ],
)
def test_protocol_follows_from_what_is_given(given: dict[str, Any], protocol: str, mechanism: str | None) -> None:
    settings = KafkaOptions(**given).security()

    assert (settings["security.protocol"], settings.get("sasl.mechanism")) == (protocol, mechanism)
    assert ("sasl.password" in settings) == (mechanism is not None)


def test_files_of_tls_are_handed_on() -> None:
    options = KafkaOptions(ca_file="ca", certificate_file="certificate", key_file="key", key_password="secret-2")

    assert options.security() == {
        "security.protocol": "SSL",
        "ssl.ca.location": "ca",
        "ssl.certificate.location": "certificate",
        "ssl.key.location": "key",
        "ssl.key.password": "secret-2",
    }


def test_several_servers_are_one_address() -> None:
    options = KafkaOptions(servers=("one:1", "two:2", "[::1]:3"))

    assert producer_settings(options)["bootstrap.servers"] == "one:1,two:2,[::1]:3"


def test_secrets_are_not_shown() -> None:
    shown = repr(KafkaOptions(password="secret-1", key_password="secret-2"))

    assert "secret" not in shown


@pytest.mark.parametrize(
    ("given", "setting"),
    [
        ({"servers": ()}, "KAFKA_HOST"),
        ({"servers": ("localhost",)}, "KAFKA_HOST"),
        ({"servers": ("localhost:0",)}, "KAFKA_HOST"),
        ({"servers": ("localhost:x",)}, "KAFKA_HOST"),
        ({"servers": (":9092",)}, "KAFKA_HOST"),
        ({"mechanism": "GSSAPI"}, "KAFKA_SASL_MECHANISM"),
        ({"partitions": 0}, "KAFKA_TOPIC_PARTITIONS"),
        ({"replication": 0}, "KAFKA_REPLICATION_FACTOR"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        KafkaOptions(**given)


def test_messages_are_sent_durably_and_in_bounded_time() -> None:
    settings = producer_settings(KafkaOptions())

    assert settings["acks"] == "all"
    assert settings["enable.idempotence"] is True
    assert settings["linger.ms"] == 1
    assert settings["message.timeout.ms"] == 3_000
    assert settings["reconnect.backoff.max.ms"] <= 1_000


def test_nodes_read_without_a_group_and_commit_nothing() -> None:
    settings = consumer_settings(KafkaOptions())

    assert settings["enable.auto.commit"] is False
    assert settings["enable.auto.offset.store"] is False
    assert settings["allow.auto.create.topics"] is False
    assert settings["auto.offset.reset"] == "latest"
    assert settings["reconnect.backoff.max.ms"] <= 1_000
