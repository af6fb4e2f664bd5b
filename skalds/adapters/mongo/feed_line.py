"""One version of a task as the feed tells it: a text that the write of that version leaves in its row.

    <rev>
    <1 if it stands in the queue, else 0>
    <JSON: status, final, attempt, executor, session, holds slot, lane>
    <JSON: class name, id>

JSON holds no line breaks, so whatever users write into names, the lines stay apart. Pipelines make the next text from
the one before: of those lines that change they know every part, the others they keep.
"""

from typing import Any

import orjson

from skalds.model.run_change import RunChange
from skalds.model.task import Task

TOLD = "told"
"""The field: beside `dispatch` and not in it, for MongoDB tells of a small sub-document as a whole when much of it
changes, and then nobody could see whether this did."""

_OLD = {"$split": [f"${TOLD}", "\n"]}
_NEXT_REV = {"$toString": {"$add": ["$rev", 1]}}


def feed_line(task: Task, lane: int, ready: bool) -> str:
    """What the feed tells of this version; `lane` 0: it neither waits nor holds a slot."""
    state = [
        task.lifecycle_status,
        task.final,
        task.attempt,
        task.executor,
        task.assignment.session if task.assignment else 0,
        task.holds_slot,
        lane,
    ]
    return f"{task.rev}\n{ready:d}\n{_json(state)}\n{_json([task.class_name, task.id])}"


def next_when_assigned(status: str, attempt: int, node_id: str, session: int) -> dict[str, Any]:
    """Expression for the text of the version that gives a queued task away."""
    state = _json([status, False, attempt, node_id, session, True])[:-1] + ","
    lane = {"$toString": "$dispatch.lane"}
    names = {"$arrayElemAt": [_OLD, 3]}
    return {"$concat": [_NEXT_REV, "\n0\n", {"$literal": state}, lane, "]\n", names]}


def next_when_freed(is_ready: dict[str, Any]) -> dict[str, Any]:
    """Expression for the text of the version in which a waiting task waits for no other any more."""
    ready = {"$cond": [is_ready, "\n1\n", "\n0\n"]}
    return {"$concat": [_NEXT_REV, ready, {"$arrayElemAt": [_OLD, 2]}, "\n", {"$arrayElemAt": [_OLD, 3]}]}


def run_change(text: str, position: int) -> RunChange:
    """The change that a text tells of, at this position of the feed."""
    rev, ready, state, names = text.split("\n")
    status, final, attempt, executor, session, holds_slot, lane = orjson.loads(state)
    class_name, task_id = orjson.loads(names)
    return RunChange(
        position=position,
        task_id=task_id,
        class_name=class_name,
        rev=int(rev),
        status=status,
        final=final,
        attempt=attempt,
        executor=executor,
        session=session,
        lane=lane,
        holds_slot=holds_slot,
        ready=ready == "1",
    )


def _json(values: list[Any]) -> str:
    return orjson.dumps(values).decode()
