"""What node, zygote and workers say to each other: frames of JSON, a length in front of each.

    node   -> zygote   {"launch": [[run, "fork" | "exec", {variable: text}], …]} with one descriptor per run
                       {"signal": [run, name]}
    zygote -> node     {"started": [run, pid]}, {"failed": [run, reason]}, {"gone": [run, exit status]}
    node   -> worker   the task, once; then {"attachments": …} for each live update
    worker -> node     the events of the port, without their key: the line itself says which run speaks

JSON only: neither side ever runs what the other sends.
"""

from collections.abc import Callable, Iterator
from typing import Any, assert_never

import orjson
from pydantic import BaseModel

from skalds.model.task import RunError
from skalds.ports.worker_launcher import (
    CheckpointSaved,
    Gone,
    MainStarted,
    Progressed,
    Reported,
    RunKey,
    RunOutcome,
    WorkerEvent,
)

HEADER_BYTES = 4
LARGEST_FRAME = 4 * 1024 * 1024
"""Far above what any party sends; more means that the stream is not ours and cannot be followed any further."""


class ProtocolBroken(Exception):
    """What arrived is not what the other side would say."""


def frame(payload: bytes) -> bytes:
    """The payload as it travels."""
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def frame_length(header: bytes) -> int:
    """How many bytes of payload follow this header."""
    length = int.from_bytes(header, "big")
    if length > LARGEST_FRAME:
        raise ProtocolBroken(f"a frame of {length} bytes was announced, at most {LARGEST_FRAME} are taken")
    return length


def message(**content: Any) -> bytes:
    """One message as a frame."""
    return frame(encode(content))


def encode(value: Any) -> bytes:
    """Any plain value or model as JSON."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def decode(payload: bytes) -> dict[str, Any]:
    """The message in a frame."""
    try:
        content = orjson.loads(payload)
    except ValueError as error:
        raise ProtocolBroken(f"not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ProtocolBroken(f"an object was expected, not {type(content).__name__}")
    return content


class FrameBuffer:
    """Collects bytes as they arrive and gives out the frames that are complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Every frame that `data` completes."""
        self._bytes += data
        while len(self._bytes) >= HEADER_BYTES:
            end = HEADER_BYTES + frame_length(bytes(self._bytes[:HEADER_BYTES]))
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[HEADER_BYTES:end])
            del self._bytes[:end]
            yield payload


def encode_event(event: WorkerEvent) -> bytes:
    """What a worker says, as a frame."""
    match event:
        case MainStarted():
            return message(main_started=event.at)
        case Progressed():
            return message(progressed=[event.fraction, event.message])
        case CheckpointSaved():
            return message(checkpoint=event.data)
        case Reported():
            return message(reported=[event.outcome.value, event.at, event.result, event.error])
        case Gone():
            raise ValueError("no worker can say that it is gone")
        case _:
            assert_never(event)


def decode_event(key: RunKey, payload: bytes) -> WorkerEvent:
    """What the worker of this run said."""
    content = decode(payload)
    try:
        [(kind, body)] = content.items()
        return _EVENT_READERS[kind](key, body)
    except (LookupError, TypeError, ValueError) as error:
        raise ProtocolBroken(f"not an event of a worker: {type(error).__name__}") from error


def _read_reported(key: RunKey, body: Any) -> Reported:
    outcome, at, result, error = body
    error = None if error is None else RunError.model_validate(error)
    return Reported(key, RunOutcome(outcome), int(at), result, error)


_EVENT_READERS: dict[str, Callable[[RunKey, Any], WorkerEvent]] = {
    "main_started": lambda key, at: MainStarted(key, int(at)),
    "progressed": lambda key, body: Progressed(key, float(body[0]), str(body[1])),
    "checkpoint": CheckpointSaved,
    "reported": _read_reported,
}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    raise TypeError(f"{type(value).__name__} is not JSON")
