"""The driver's settings, every one named whose default is unsafe or slow for us."""

from typing import Any

from skalds.adapters.kafka.options import KafkaOptions

MESSAGE_LIMIT = 1_000_000
"""Bytes of a message; what a broker accepts unless told otherwise is a little more."""

# Kafka wants a group of every consumer. Ours joins none: partitions are assigned, offsets never committed.
_GROUP = "skalds"


def _connection(options: KafkaOptions) -> dict[str, Any]:
    return {
        "bootstrap.servers": options.address,
        "client.id": "skalds",
        **options.security(),
        # Back within seconds after an outage of any length (default: up to 10 s between attempts, 30 s for each).
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1_000,
        "socket.connection.setup.timeout.ms": 3_000,
        # A connection that lost its other end without a word is given up (default: after a minute).
        "socket.timeout.ms": 5_000,
        "socket.keepalive.enable": True,
        "socket.nagle.disable": True,
        "topic.metadata.refresh.interval.ms": 60_000,
    }


def producer_settings(options: KafkaOptions) -> dict[str, Any]:
    """A message is on every replica in sync, exactly once, or known to have failed in bounded time."""
    return _connection(options) | {
        "acks": "all",
        "enable.idempotence": True,
        "max.in.flight.requests.per.connection": 5,
        "linger.ms": 1,
        "message.timeout.ms": round(options.delivery_seconds * 1000),
        "message.max.bytes": MESSAGE_LIMIT,
        # Hints that pile up are worth nothing; the driver's default would keep a gigabyte of them.
        "queue.buffering.max.kbytes": 65_536,
        "retry.backoff.ms": 100,
        "retry.backoff.max.ms": 500,
    }


def consumer_settings(options: KafkaOptions) -> dict[str, Any]:
    """Reads partitions that it is given, from where it is told; an idle one asks each broker every 2 s."""
    return _connection(options) | {
        "group.id": _GROUP,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "allow.auto.create.topics": False,
        # Only for a position that is gone (Kafka came back empty): rows are read again anyway, old hints are worthless.
        "auto.offset.reset": "latest",
        # Whatever else we ask on the same connection waits for that answer, or for the next message.
        "fetch.wait.max.ms": 2_000,
        "fetch.error.backoff.ms": 250,
        "queued.max.messages.kbytes": 16_384,
    }


def admin_settings(options: KafkaOptions) -> dict[str, Any]:
    """For the moment in which topics are made."""
    return _connection(options)
