"""Server-sent events, read piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class EventParser:
    """Turns the bytes of event streams into the data of their events, and keeps the id to resume after.

    Knows what our controller sends: lines end in a line feed; `event` and `retry` are not used.
    """

    def __init__(self) -> None:
        self.last_id = ""
        self.begin_again()

    def begin_again(self) -> None:
        """A new connection: half an event of the old one will be sent again."""
        self._rest = b""
        self._data: list[bytes] = []
        self._id: str | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of each event that `chunk` completes; `last_id` follows."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if not line:
                yield from self._complete()
            elif name == b"data":
                self._data.append(value)
            elif name == b"id":
                self._id = value.decode()

    def _complete(self) -> Iterator[bytes]:
        data, self._data = b"\n".join(self._data), []
        if self._id is not None:
            self.last_id, self._id = self._id, None
        if data:
            yield data
