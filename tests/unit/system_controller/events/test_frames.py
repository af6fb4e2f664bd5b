"""Frames are exactly what a browser's EventSource takes and the contract says."""

import pytest

from skalds.model.run_change import RunChange
from skalds.system_controller.events import frames

CHANGE = RunChange(9, "t", "Demo", 3, "Running", False, 2, "n", 5, 1, True, False)


def test_a_frame_is_unnamed_and_one_line_of_json() -> None:
    assert frames.encode({"type": "x", "text": "two\nlines"}) == b'data: {"type":"x","text":"two\\nlines"}\n\n'


def test_a_frame_that_can_be_resumed_after_carries_its_id() -> None:
    assert frames.encode(frames.RESET, "e-7") == b'data: {"type":"reset"}\nid: e-7\n\n'


def test_a_keep_alive_is_a_comment_and_may_move_the_place_to_resume() -> None:
    assert (frames.keep_alive(), frames.keep_alive("e-1")) == (b": keep-alive\n\n", b": keep-alive\nid: e-1\n\n")


def test_text_that_json_writers_refuse_is_shown_escaped() -> None:
    assert frames.encode({"type": "\ud800"}) == b'data: {"type": "\\ud800"}\n\n'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (frames.connection("Task"), {"type": "connection", "message": "Connected to Task events"}),
        (
            frames.task_status(CHANGE, 4),
            {
                "type": "task_status",
                "taskId": "t",
                "data": {"lifecycleStatus": "Running", "attempt": 2, "rev": 3, "final": False, "executor": "n"},
                "timestamp": 4,
            },
        ),
        (
            frames.task_heartbeat("t", 17, "Running", 4),
            {
                "type": "task_heartbeat",
                "taskId": "t",
                "data": {"heartbeat": 17, "lifecycleStatus": "Running"},
                "timestamp": 4,
            },
        ),
        (
            frames.task_exception("t", "no", "Failed", 4),
            {
                "type": "task_exception",
                "taskId": "t",
                "data": {"exception": "no", "lifecycleStatus": "Failed"},
                "timestamp": 4,
            },
        ),
        (
            frames.skald_status("n", "online", 2, 4),
            {"type": "skald_status", "skaldId": "n", "data": {"status": "online", "taskCount": 2}, "timestamp": 4},
        ),
        (
            frames.skald_heartbeat("n", 8, "online", ["t"], 4),
            {
                "type": "skald_heartbeat",
                "skaldId": "n",
                "data": {"heartbeat": 8, "status": "online", "tasks": ["t"]},
                "timestamp": 4,
            },
        ),
        (frames.test_message(3, 4), {"type": "test", "message": "Test message 3", "timestamp": 4}),
    ],
)
def test_values_have_the_fields_of_the_contract(value: frames.Value, expected: frames.Value) -> None:
    assert value == expected
