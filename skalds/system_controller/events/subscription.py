"""One connection's share of a stream: a bounded buffer between the broadcaster and its reader."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

MOST_EVENTS_WAITING = 4_096
MOST_BYTES_WAITING = 1024 * 1024

_PIECE = 64 * 1024


class _Piece(NamedTuple):
    """Bytes to send, shared with other subscriptions, and how much of the bounds they take."""

    data: bytes
    events: int = 0
    size: int = 0


class Subscription:
    """What a connection still has to send; `on_change` is called when there is something, and when it ends.

    A reader that leaves the buffer full, or untouched from one keep-alive to the next but one, is cut: its connection
    is closed, and it resumes with the last id it got. `key`: only events about this task or node.
    """

    def __init__(self, on_change: Callable[[], None], key: str | None = None) -> None:
        self.key = key
        self.is_cut = False
        self.last_number = 0
        """Number of the last id in what was offered."""
        self._on_change = on_change
        self._waiting: deque[_Piece] = deque()
        self._events = 0
        self._bytes = 0
        self._untouched = False

    @property
    def is_drained(self) -> bool:
        return not self._waiting

    def begin(self, pieces: Iterable[bytes], number: int) -> None:
        """What every reader gets first, however much it is; `number` is that of the last id in it."""
        self._waiting.extend(map(_Piece, pieces))
        self.last_number = number
        self._on_change()

    def offer(self, data: bytes, events: int = 1, number: int | None = None) -> None:
        """Adds frames, whatever their size if nothing else waits; `number` is that of the last id in them."""
        if self.is_cut:
            return
        full = self._events + events > MOST_EVENTS_WAITING or self._bytes + len(data) > MOST_BYTES_WAITING
        if full and self._events:
            self.cut()
            return
        self._waiting.append(_Piece(data, events, len(data)))
        self._events += events
        self._bytes += len(data)
        if number is not None:
            self.last_number = number
        if len(self._waiting) == 1:
            self._on_change()

    def replace(self, data: bytes, number: int) -> None:
        """Sends `data` instead of whatever waits."""
        self._forget()
        self.offer(data, 1, number)

    def take(self) -> bytes:
        """The next bytes to send, empty if there are none."""
        self._untouched = False
        taken: list[bytes] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0].data) <= _PIECE):
            piece = self._waiting.popleft()
            taken.append(piece.data)
            size += len(piece.data)
            self._events -= piece.events
            self._bytes -= piece.size
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def cut(self) -> None:
        """Ends it because its reader does not keep up."""
        self._forget()
        self.is_cut = True
        self._on_change()

    def cut_if_stalled(self) -> None:
        """Called once per keep-alive."""
        if self._waiting and self._untouched:
            self.cut()
        else:
            self._untouched = bool(self._waiting)

    def _forget(self) -> None:
        self._waiting.clear()
        self._events = self._bytes = 0
