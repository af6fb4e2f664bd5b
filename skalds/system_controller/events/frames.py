"""Frames of event streams (SSE) as bytes: unnamed, their JSON in one `data:` line.

id: <epoch>-<n>          only on frames that a client can resume after
data: {"type": …}
<empty line>
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from skalds.model.run_change import RunChange

Value = Mapping[str, Any]

RESET: Value = {"type": "reset"}
"""What was told before may have gaps; the client reads everything again."""


def encode(value: Value, event_id: str | None = None) -> bytes:
    """One frame."""
    return b"data: " + _json(value) + b"\n" + (mark(event_id) if event_id else b"\n")


def mark(event_id: str) -> bytes:
    """The end of a frame that a client can resume after; alone, it moves that place and says nothing else."""
    return f"id: {event_id}\n\n".encode()


def keep_alive(event_id: str | None = None) -> bytes:
    """A comment, so that neither side takes the silence for a broken connection; may move the place to resume."""
    return b": keep-alive\n" + (mark(event_id) if event_id else b"\n")


def connection(subject: str) -> Value:
    """The first frame of a stream."""
    return {"type": "connection", "message": f"Connected to {subject} events"}


def task_status(change: RunChange, at: int) -> Value:
    data = {
        "lifecycleStatus": change.status,
        "attempt": change.attempt,
        "rev": change.rev,
        "final": change.final,
        "executor": change.executor,
    }
    return _of_task("task_status", change.task_id, data, at)


def task_heartbeat(task_id: str, heartbeat: int, status: str, at: int) -> Value:
    return _of_task("task_heartbeat", task_id, {"heartbeat": heartbeat, "lifecycleStatus": status}, at)


def task_exception(task_id: str, text: str, status: str, at: int) -> Value:
    return _of_task("task_exception", task_id, {"exception": text, "lifecycleStatus": status}, at)


def skald_status(node_id: str, status: str, task_count: int, at: int) -> Value:
    return _of_skald("skald_status", node_id, {"status": status, "taskCount": task_count}, at)


def skald_heartbeat(node_id: str, heartbeat: int, status: str, task_ids: Sequence[str], at: int) -> Value:
    return _of_skald("skald_heartbeat", node_id, {"heartbeat": heartbeat, "status": status, "tasks": task_ids}, at)


def test_message(number: int, at: int) -> Value:
    return {"type": "test", "message": f"Test message {number}", "timestamp": at}


def _of_task(kind: str, task_id: str, data: Value, at: int) -> Value:
    return {"type": kind, "taskId": task_id, "data": data, "timestamp": at}


def _of_skald(kind: str, node_id: str, data: Value, at: int) -> Value:
    return {"type": kind, "skaldId": node_id, "data": data, "timestamp": at}


def _json(value: Value) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Rows written by others can hold text that orjson refuses; escaped, it is shown.
        return json.dumps(value, default=str).encode()
