"""Frames and events survive the way, and nonsense is told from them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.adapters.process.wire import (
    LARGEST_FRAME,
    FrameBuffer,
    ProtocolBroken,
    decode,
    decode_event,
    encode_event,
    frame,
    message,
)
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

KEY = RunKey("t:1", 3)


@pytest.mark.parametrize(
    "event",
    [
        MainStarted(KEY, 17),
        Progressed(KEY, 0.25, "a quarter"),
        CheckpointSaved(KEY, {"at": [1, None, "ü"]}),
        CheckpointSaved(KEY, None),
        Reported(KEY, RunOutcome.FINISHED, 18, {"answer": 42}),
        Reported(KEY, RunOutcome.FAILED, 18, error=RunError(type="ValueError", message="no", traceback="line")),
        Reported(KEY, RunOutcome.CANCELLED, 18),
    ],
)
def test_an_event_arrives_as_it_was_sent(event: WorkerEvent) -> None:
    [payload] = FrameBuffer().feed(encode_event(event))
    assert decode_event(KEY, payload) == event


def test_a_worker_cannot_say_that_it_is_gone() -> None:
    with pytest.raises(ValueError, match="gone"):
        encode_event(Gone(KEY, 0))
    with pytest.raises(ProtocolBroken):
        decode_event(KEY, b'{"gone": 0}')


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b'{"main_started": "soon"}',
        b'{"progressed": [1]}',
        b'{"progressed": 1, "checkpoint": 2}',
        b'{"reported": ["gone", 1, null, null]}',
        b'{"reported": ["failed", 1, null, {"type": 3}]}',
        b'{"started": [1, 2]}',
    ],
)
def test_what_no_worker_would_say_is_refused(payload: bytes) -> None:
    with pytest.raises(ProtocolBroken):
        decode_event(KEY, payload)


@given(st.lists(st.binary(max_size=50)), st.integers(1, 7))
def test_frames_come_out_whole_however_they_arrive(payloads: list[bytes], portion: int) -> None:
    stream = b"".join(map(frame, payloads))
    buffer = FrameBuffer()
    received = [
        payload for start in range(0, len(stream), portion) for payload in buffer.feed(stream[start : start + portion])
    ]
    assert received == payloads


def test_a_frame_too_large_for_anyone_is_refused_at_its_header() -> None:
    with pytest.raises(ProtocolBroken, match=str(LARGEST_FRAME)):
        list(FrameBuffer().feed((LARGEST_FRAME + 1).to_bytes(4, "big")))


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53)))
def test_a_message_keeps_its_content(content: dict[str, Any]) -> None:
    [payload] = FrameBuffer().feed(message(content=content))
    assert decode(payload) == {"content": content}
