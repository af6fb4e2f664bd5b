"""Keeps a storm of one kind of event from filling the log, and tells how much of it was left out."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

PER_SECOND = 100


class Suppressed(NamedTuple):
    """How many events of one kind were left out of a second; `level` (number, name) is the highest among them."""

    event: str
    left_out: int
    level: tuple[int, str]


class LogSampler:
    """Lets the first events of a kind in a second pass and counts the rest, whatever their level.

        first event ──► a second begins: 100 pass ─► the rest is counted ─► the second is over: `over` tells the count

    Whoever uses it asks `over` before each line and once a second while `is_counting`, and `rest` at the end: so what
    was left out is told, and never simply missing. It does no locking.
    """

    def __init__(self, monotonic: Callable[[], float], per_second: int = PER_SECOND) -> None:
        self._monotonic = monotonic
        self._per_second = per_second
        self._seconds: dict[str, tuple[float, int]] = {}
        self._suppressed: dict[str, Suppressed] = {}

    @property
    def is_counting(self) -> bool:
        """Whether something was left out and not told yet."""
        return bool(self._suppressed)

    def admits(self, event: str, level: tuple[int, str]) -> bool:
        """Whether to write this event; otherwise it has been counted. Ask `over` before."""
        now = self._monotonic()
        began, passed = self._seconds.get(event, (now, 0))
        if now - began >= 1:
            began, passed = now, 0
        if passed < self._per_second:
            self._seconds[event] = (began, passed + 1)
            return True
        before = self._suppressed.get(event)
        if before is None:
            self._suppressed[event] = Suppressed(event, 1, level)
        else:
            self._suppressed[event] = Suppressed(event, before.left_out + 1, max(before.level, level))
        return False

    def over(self) -> Sequence[Suppressed]:
        """What was left out of seconds that are over; told once."""
        if not self._suppressed:
            return ()
        now = self._monotonic()
        return self._take([event for event in self._suppressed if now - self._seconds[event][0] >= 1])

    def rest(self) -> Sequence[Suppressed]:
        """The same of all seconds, at the end of the log."""
        return self._take(list(self._suppressed))

    def _take(self, events: Sequence[str]) -> Sequence[Suppressed]:
        return [self._suppressed.pop(event) for event in events]
