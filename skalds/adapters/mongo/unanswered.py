"""Which commands of a write were sent and not answered: only those leave its outcome unknown."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

_READS = frozenset({"find", "getMore", "aggregate", "count", "distinct", "killCursors", "abortTransaction", "hello"})


class Unanswered:
    """Ids of the requests of one write that are under way; once a connection broke they stay for good."""

    def __init__(self) -> None:
        self._requests: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._requests)

    def add(self, request: int) -> None:
        self._requests.add(request)

    def discard(self, request: int) -> None:
        self._requests.discard(request)


_current: ContextVar[Unanswered | None] = ContextVar("unanswered", default=None)


@contextmanager
def watching() -> Iterator[Unanswered]:
    """Keeps account of the commands that this piece of code sends."""
    unanswered = Unanswered()
    token = _current.set(unanswered)
    try:
        yield unanswered
    finally:
        _current.reset(token)


class CommandWatch(CommandListener):
    """Is told by the driver of every command, in the context of whoever sends it."""

    def started(self, event: CommandStartedEvent) -> None:
        unanswered = _current.get()
        if unanswered is not None and event.command_name not in _READS:
            unanswered.add(event.request_id)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._answered(event.request_id)

    def failed(self, event: CommandFailedEvent) -> None:
        # What has a code was said by the server; everything else is a connection that broke.
        if "code" in event.failure:
            self._answered(event.request_id)

    def _answered(self, request: int) -> None:
        unanswered = _current.get()
        if unanswered is not None:
            unanswered.discard(request)
