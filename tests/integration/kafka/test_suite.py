"""The suite of `EventBus` on Kafka."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar

import pytest

from skalds.adapters.kafka.event_bus import KafkaEventBus
from skalds.adapters.kafka.options import KafkaOptions
from skalds.testing import conformance
from tests.integration.kafka.traffic import opened

pytestmark = pytest.mark.integration


@dataclass
class _Participant:
    """As much of an `Engine` as the suite needs."""

    bus: KafkaEventBus


@pytest.fixture
async def engine(options: KafkaOptions) -> AsyncIterator[_Participant]:
    async with opened(options) as bus:
        yield _Participant(bus)


@pytest.fixture
async def other(options: KafkaOptions) -> AsyncIterator[_Participant]:
    async with opened(options, sends=False) as bus:
        yield _Participant(bus)


class TestEventBus(conformance.EventBusSuite):
    knows_listeners: ClassVar[bool] = False
