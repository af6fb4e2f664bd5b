"""Events as the topics carry them; what cannot be read is ignored like what was lost."""

from collections.abc import Iterator

from pydantic import ValidationError

from skalds.adapters.kafka.client_settings import MESSAGE_LIMIT
from skalds.model.event import TaskEvent, Topic
from skalds.ports.event_bus import BusMessage

VALUE_LIMIT = MESSAGE_LIMIT - 100_000
"""Bytes of an event that we send; key and framing need room too."""


def to_value(event: TaskEvent) -> bytes:
    """The event as compact JSON in camelCase, as 0.3.8 sends it; `ValueError` if it is no text."""
    return event.model_dump_json(by_alias=True).encode()


def to_key(id_: str) -> bytes:
    """The id of a node or a task; any text is one."""
    return id_.encode(errors="surrogatepass")


def message_from(topic: str, key: bytes | None, value: bytes | None) -> BusMessage | None:
    """The message, in either spelling; None for poison: no key, too large, no JSON, another shape."""
    if key is None or value is None or len(value) > MESSAGE_LIMIT:
        return None
    try:
        return BusMessage(Topic(topic), TaskEvent.model_validate_json(value))
    except (ValueError, ValidationError):
        return None


def pieces(message: BusMessage) -> Iterator[tuple[BusMessage, bytes]]:
    """The message with its value, in as many parts of its tasks, in order, as the limit makes necessary."""
    value = to_value(message.event)
    if len(value) <= VALUE_LIMIT or len(message.event.task_ids) < 2:
        yield message, value
        return
    for half in halves(message):
        yield from pieces(half)


def halves(message: BusMessage) -> tuple[BusMessage, BusMessage]:
    """Two messages for the first and the second half of the tasks."""
    ids = message.event.task_ids
    middle = len(ids) // 2
    return with_tasks(message, ids[:middle]), with_tasks(message, ids[middle:])


def with_tasks(message: BusMessage, task_ids: list[str]) -> BusMessage:
    """The same about other tasks."""
    return message._replace(event=message.event.model_copy(update={"task_ids": task_ids}))
