"""The messages of the datagrams, as JSON; what cannot be read is ignored like what was lost."""

from typing import Any

import orjson
from pydantic import ValidationError

from skalds.model.event import TaskEvent, Topic
from skalds.model.node import Beat
from skalds.ports.event_bus import BusMessage

TAP = b"{}"


def beat_to_bytes(beat: Beat) -> bytes:
    """A sign of life."""
    fields = [beat.node_id, beat.session, beat.count, beat.live_tasks, beat.draining, beat.machine_load]
    return orjson.dumps({"beat": fields})


def beat_from(message: bytes) -> Beat | None:
    """The sign of life in `message`, or None if it is something else."""
    match _load(message):
        case {"beat": [str(node_id), int(session), int(count), int(live_tasks), bool(draining), load]}:
            if load is None or isinstance(load, int | float):
                return Beat(node_id, session, count, live_tasks, draining, load)
    return None


def bus_to_bytes(message: BusMessage) -> bytes:
    """An event with its topic."""
    return orjson.dumps({"topic": message.topic.value, "event": message.event.model_dump(mode="json", by_alias=True)})


def bus_from(message: bytes) -> BusMessage | None:
    """The event in `message`, or None if it is something else."""
    match _load(message):
        case {"topic": str(topic), "event": dict(event)}:
            try:
                return BusMessage(Topic(topic), TaskEvent.model_validate(event))
            except (ValueError, ValidationError):
                return None
    return None


def _load(message: bytes) -> Any:
    try:
        return orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
