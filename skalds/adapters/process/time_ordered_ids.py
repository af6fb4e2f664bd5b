"""Identifiers that sort by the time they were made."""

import os
import threading

from skalds.ports.clock import Clock
from skalds.ports.ids import Ids

_COUNTER_BITS = 12
_RANDOM_BYTES = 8
_RANDOM_AHEAD = 512 * _RANDOM_BYTES
"""Drawn at once: each call of the system gives up the interpreter, and takes a while to get it back."""


class TimeOrderedIds:
    """`Ids` in the layout of UUID version 7: 48 bits of milliseconds, 12 bits of a counter, 62 random bits.

    Milliseconds and counter are one number that only grows, so ids stay in order when the clock steps back or when
    more than 4,096 are made within one millisecond: it then runs ahead of the clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest = 0
        self._lock = threading.Lock()
        self._random = b""
        self._process = os.getpid()

    def new(self) -> str:
        with self._lock:
            self._latest = max(self._latest + 1, self._clock.wall_ms() << _COUNTER_BITS)
            milliseconds, counter = divmod(self._latest, 1 << _COUNTER_BITS)
            if not self._random or os.getpid() != self._process:  # a fork would draw the same
                self._random, self._process = os.urandom(_RANDOM_AHEAD), os.getpid()
            drawn, self._random = self._random[:_RANDOM_BYTES], self._random[_RANDOM_BYTES:]
        tail = int.from_bytes(drawn) & (1 << 62) - 1 | 1 << 63
        digits = f"{milliseconds:012x}7{counter:03x}{tail:016x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_: type[Ids] = TimeOrderedIds
