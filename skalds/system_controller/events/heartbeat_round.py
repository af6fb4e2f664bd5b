"""Heartbeats of many tasks or nodes, a bounded number at a time."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from skalds.system_controller.events.event_log import Event

T = TypeVar("T")

MOST_EVENTS = 2_000
MOST_BYTES = 512 * 1024


class HeartbeatRound:
    """Encodes as many as one round may hold; the next round begins where this one stopped, so that all have turns."""

    def __init__(self) -> None:
        self._next = 0

    def encode(self, due: Sequence[T], event_of: Callable[[T], Event]) -> Sequence[Event]:
        """The events of those whose turn it is."""
        start = self._next % len(due) if due else 0
        events: list[Event] = []
        size = 0
        for item in (*due[start:], *due[:start])[:MOST_EVENTS]:
            event = event_of(item)
            size += len(event.frames)
            if events and size > MOST_BYTES:
                break
            events.append(event)
        self._next = start + len(events)
        return events
