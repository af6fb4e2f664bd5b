"""Options for topics of a test's own on the Kafka of the run, and what was logged."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from loguru import logger

from skalds.adapters.kafka.options import KafkaOptions
from skalds.testing.services.kafka_server import KafkaServer

pytest.register_assert_rewrite("skalds.testing.conformance")


PARTITIONS = 4
"""Few: brokers take a second or two to make 192 of them."""


@pytest.fixture
def options(kafka_server: KafkaServer) -> KafkaOptions:
    return KafkaOptions(servers=(kafka_server.bootstrap,), prefix=f"t{os.urandom(4).hex()}.", partitions=PARTITIONS)


@pytest.fixture
def logged() -> Iterator[list[tuple[str, Mapping[str, Any]]]]:
    """The events that were logged so far, each with its fields."""
    events: list[tuple[str, Mapping[str, Any]]] = []
    sink = logger.add(lambda line: events.append((line.record["message"], line.record["extra"])), level="DEBUG")
    yield events
    logger.remove(sink)
