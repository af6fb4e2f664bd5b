"""Sends one message and reads it back."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, perf_counter
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ClusterMetadata, NewTopic

from skalds.adapters.kafka.checkup_topics import failure_of
from skalds.ports.checkup import Finding, warning, well, wrong

_CHECK = "round trip"
# Nodes of 0.3.8 listen to it and only log what comes.
_FOR_TRIALS = "testing"


def find_round_trip(
    admin: AdminClient, properties: Mapping[str, Any], listing: ClusterMetadata, seconds: float
) -> Finding:
    """Through the topic for trials, or one of our own that is gone afterwards; blocks, hence for threads."""
    if _FOR_TRIALS in listing.topics:
        return _travel(properties, _FOR_TRIALS, seconds)
    topic = f"skalds.doctor.{secrets.token_hex(4)}"
    (future,) = admin.create_topics([NewTopic(topic, 1, 1)], operation_timeout=seconds).values()
    refusal = failure_of(future, seconds)
    if refusal is not None:
        detail = f"not tried: no topic for it may be made ({refusal.str()})"
        return warning(_CHECK, detail, f"make a topic called {_FOR_TRIALS}, and grant this user Read and Write")
    found = _travel(properties, topic, seconds)
    (future,) = admin.delete_topics([topic], operation_timeout=seconds).values()
    if failure_of(future, seconds) is not None and not found.is_wrong:
        return warning(_CHECK, f"{found.detail}; {topic} may not be removed", f"kafka-topics --delete --topic {topic}")
    return found


def _travel(properties: Mapping[str, Any], topic: str, seconds: float) -> Finding:
    started = perf_counter()
    text = f"skalds doctor {secrets.token_hex(4)}".encode()
    try:
        place = _send(properties, topic, text, seconds)
        heard = _read(properties, place, seconds)
    except KafkaException as error:
        said: KafkaError = error.args[0]
        fix = f"kafka-acls --add --allow-principal User:NAME --operation Read --operation Write --topic {topic}"
        is_refused = said.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        return wrong(_CHECK, f"through {topic}: {said.str()}", fix if is_refused else "see the log of the brokers")
    if heard != text:
        return wrong(
            _CHECK, f"a message to {topic} did not come back within {seconds:g} s", "see the log of the brokers"
        )
    return well(_CHECK, f"through {topic}, {(perf_counter() - started) * 1000:.0f} ms with connecting")


def _send(properties: Mapping[str, Any], topic: str, text: bytes, seconds: float) -> TopicPartition:
    """Where the brokers have put it; raises the driver's error if they did not take it."""
    reports: list[tuple[KafkaError | None, Message]] = []
    producer = Producer(
        {**properties, "acks": "all", "enable.idempotence": True, "message.timeout.ms": round(seconds * 1000)}
    )
    # With a key: nodes of 0.3.8 cannot read a message without.
    producer.produce(topic, text, key=b"skalds-doctor", on_delivery=lambda error, sent: reports.append((error, sent)))
    producer.flush(2 * seconds)
    error, sent = reports[0] if reports else (KafkaError(KafkaError._MSG_TIMED_OUT), None)
    if error is not None or sent is None:
        raise KafkaException(error)
    return TopicPartition(topic, sent.partition() or 0, sent.offset() or 0)


def _read(properties: Mapping[str, Any], place: TopicPartition, seconds: float) -> bytes | None:
    """Without a group, as nodes read."""
    consumer = Consumer({**properties, "group.id": "skalds-doctor", "enable.auto.commit": False})
    try:
        consumer.assign([place])
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            message = consumer.poll(left)
            if message is not None and message.error() is not None:
                raise KafkaException(message.error())
            if message is not None:
                return message.value()
    finally:
        with suppress(KafkaException):
            consumer.close()
    return None
