"""Hints to nodes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from skalds.model.event import TaskEvent, Topic


class BusMessage(NamedTuple):
    """An event and the topic it came on."""

    topic: Topic
    event: TaskEvent


class EventBus(Protocol):
    """Carries events to the node named as `recipient`. Losing, repeating or reordering them must cost latency only."""

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        """Sends the messages and returns those that certainly did not arrive; never raises for a bus that is down."""
        ...

    def listen(self, node_id: str) -> AbstractAsyncContextManager[AsyncIterator[BusMessage]]:
        """The messages to this node from the moment the context is entered."""
        ...
