"""The latest events of a stream, so that a client that comes back misses none."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

_LONGEST_NUMBER = 18


class Event(NamedTuple):
    """Frames that belong together, encoded, about the task or node `key`.

    With a `number` its last frame carries that number's id, and a client can resume after it; without one it only
    tells how things stand, and the next of its kind replaces it.
    """

    key: str
    frames: bytes
    number: int | None = None


class EventLog:
    """Numbered events up to `position`, as far back as the bounds allow; numbers grow, not always by one.

    forgotten … floor │ kept events … │ position
                      └ a client that has seen a number from here on can resume
    """

    def __init__(self, epoch: str, most_events: int, most_bytes: int) -> None:
        self._base = self._epoch = epoch
        self._turns = 0
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._floor = 0
        self.position = 0

    def __len__(self) -> int:
        return len(self._events)

    def id_of(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def append(self, event: Event) -> None:
        """Keeps the event and moves on to its number, which must be higher than `position`."""
        if event.number is None or event.number <= self.position:
            raise ValueError(f"number {event.number} does not follow {self.position}")
        self.position = event.number
        self._events.append(event)
        self._bytes += len(event.frames)
        while len(self._events) > self._most_events or self._bytes > self._most_bytes:
            oldest = self._events.popleft()
            self._bytes -= len(oldest.frames)
            self._floor = oldest.number or 0

    def advance(self, position: int) -> None:
        """Moves on over numbers that nothing is told of."""
        self.position = max(self.position, position)

    def restart(self, position: int) -> None:
        """Forgets everything: whoever saw less than `position` cannot resume."""
        if position < self.position:
            # The numbers begin anew; under another epoch the old ones mean nothing.
            self._turns += 1
            self._epoch = f"{self._base}.{self._turns}"
        self._events.clear()
        self._bytes = 0
        self._floor = self.position = position

    def number_of(self, event_id: str) -> int | None:
        """The number of an id of ours after which nothing is missing here; None for any other text."""
        epoch, _, digits = event_id.rpartition("-")
        if epoch != self._epoch or not (digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_NUMBER):
            return None
        number = int(digits)
        return number if self._floor <= number <= self.position else None

    def since(self, number: int, key: str | None = None) -> Sequence[Event]:
        """The kept events after `number`, oldest first; only those about `key` if one is given."""
        found = []
        for event in reversed(self._events):
            if event.number is not None and event.number <= number:
                break
            if key is None or event.key == key:
                found.append(event)
        found.reverse()
        return found
