"""Listeners of broadcasters, as the tests of events use them."""

from typing import Any, NamedTuple

import orjson

from skalds.system_controller.events.broadcaster import Broadcaster
from skalds.system_controller.events.node_events import NodeEvents
from skalds.system_controller.events.subscription import Subscription
from skalds.system_controller.events.task_events import TaskEvents


class Frame(NamedTuple):
    """One frame as a client reads it; a comment and a mark have no value."""

    value: dict[str, Any] | None
    id: str = ""

    @property
    def type(self) -> str:
        return str(self.value["type"]) if self.value else ""


def read(data: bytes) -> list[Frame]:
    """The frames of these bytes, which must end with one."""
    *blocks, rest = data.split(b"\n\n")
    assert rest == b""
    return [_frame(block) for block in blocks]


def _frame(block: bytes) -> Frame:
    value, event_id = None, ""
    for line in block.split(b"\n"):
        name, _, text = line.partition(b": ")
        if name == b"data":
            assert value is None
            value = orjson.loads(text)
        elif name == b"id":
            event_id = text.decode()
        else:
            assert line.startswith(b":"), line
    return Frame(value, event_id)


class Listener:
    """A client whose connection takes whatever is offered when the test says so."""

    def __init__(
        self, source: TaskEvents | NodeEvents | None = None, key: str | None = None, last_id: str = ""
    ) -> None:
        self.noticed = 0
        self.frames: list[Frame] = []
        self.subscription = Subscription(self._notice, key)
        if source is not None:
            source.subscribe(self.subscription, last_id)

    def read(self) -> list[Frame]:
        """What has come since the last time."""
        taken = b""
        while data := self.subscription.take():
            taken += data
        new = read(taken)
        self.frames += new
        return new

    def values(self) -> list[dict[str, Any]]:
        return [frame.value for frame in self.read() if frame.value]

    def types(self) -> list[str]:
        return [frame.type for frame in self.read()]

    @property
    def last_id(self) -> str:
        return next((frame.id for frame in reversed(self.frames) if frame.id), "")

    def leave(self, broadcaster: Broadcaster, now: float = 0.0) -> None:
        broadcaster.leave(self.subscription, now)

    def _notice(self) -> None:
        self.noticed += 1
