"""How a task is laid out in columns, and made again from them."""

from collections.abc import Sequence
from operator import is_not, itemgetter
from typing import Any

import orjson

from skalds.adapters.stored_form import to_json
from skalds.model.submission import SUBMITTED_FIELDS
from skalds.model.task import Task

Row = Sequence[Any]

BODY_FIELDS = tuple(name for name in SUBMITTED_FIELDS if name != "executor")
REPORT_FIELDS = ("attachments", "progress", "result", "error", "checkpoint", "usage", "runs")
_EMPTY_BY_DEFAULT = ("resources", "requires", "prefers")
_STATE = {
    "updated": "update_date_time",
    "rev": "rev",
    "status": "lifecycle_status",
    "final": "final",
    "attempt": "attempt",
    "failures": "failures",
    "losses": "losses",
    "refusals": "refusals",
    "requeues": "requeues",
    "attachments_rev": "attachments_rev",
    "eligible_at": "eligible_at",
    "pinned_to": "pinned_to",
    "released_at": "released_at",
    "executor": "executor",
}
"""Column of `run` → field of `Task`, for what is stored as it is."""

_ASSIGNMENT = {
    "assignment": "id",
    "assigned_to": "skald_id",
    "session": "session",
    "term": "term",
    "assigned_at": "assigned_at",
    "accept_by": "accept_by",
    "leave_for": "leave_for",
}
"""Column of `run` → field of `Assignment`."""

_NO_ASSIGNMENT = (None,) * len(_ASSIGNMENT)
_STATE_FIELDS = tuple(_STATE.values())
_ASSIGNMENT_FIELDS = tuple(_ASSIGNMENT.values())

# Several fields at once, in C: this runs for every task that comes or moves.
_body_values = itemgetter(*BODY_FIELDS)
_report_values = itemgetter(*REPORT_FIELDS[1:])
_state_values = itemgetter(*_STATE_FIELDS)
_assignment_values = itemgetter(*_ASSIGNMENT_FIELDS)
_fixed_values = itemgetter("create_date_time", *(name for name in BODY_FIELDS if name != "attachments"))

STATE_COLUMNS = (*_STATE, *_ASSIGNMENT)

TASK_COLUMNS = ", ".join(
    ["task.id", "task.body", "run.created"]
    + [f"run.{column}" for column in STATE_COLUMNS]
    + ["report.seq"]
    + [f"report.{field}" for field in REPORT_FIELDS]
)
"""What `task_of` reads, to be selected from `TASK_TABLES`."""

TASK_TABLES = "task JOIN run ON run.seq = task.seq LEFT JOIN report ON report.seq = task.seq"

_ASSIGNMENT_AT = 3 + len(_STATE)
_REPORT_AT = _ASSIGNMENT_AT + len(_ASSIGNMENT)


def task_of(row: Row) -> Task:
    """The task that `TASK_COLUMNS` describe."""
    fields: dict[str, Any] = orjson.loads(row[1])
    fields.update(zip(_STATE_FIELDS, row[3:_ASSIGNMENT_AT], strict=True))
    fields["id"] = row[0]
    fields["create_date_time"] = row[2]
    if row[_ASSIGNMENT_AT] is not None:
        fields["assignment"] = dict(zip(_ASSIGNMENT_FIELDS, row[_ASSIGNMENT_AT:_REPORT_AT], strict=True))
    if row[_REPORT_AT] is not None:
        for name, text in zip(REPORT_FIELDS, row[_REPORT_AT + 1 :], strict=True):
            if text is not None:
                fields[name] = orjson.loads(text)
        if "runs" in fields:
            fields["runs"] = tuple(fields["runs"])
    return Task.model_validate(fields)


def body_of(task: Task) -> str:
    """The submitted fields as JSON; what is absent, or empty by default, is left out."""
    values = zip(BODY_FIELDS, _body_values(task.__dict__), strict=True)
    body = {name: value for name, value in values if value is not None}
    for name in _EMPTY_BY_DEFAULT:
        if not body[name]:
            del body[name]
    return to_json(body).decode()


def state_of(task: Task) -> Row:
    """The values of `STATE_COLUMNS`."""
    assignment = task.assignment
    tail = _NO_ASSIGNMENT if assignment is None else _assignment_values(assignment.__dict__)
    return (*_state_values(task.__dict__), *tail)


def report_of(task: Task) -> list[str | None]:
    """The values of `REPORT_FIELDS` after the first, which is written on its own because it is the user's to change."""
    return [_text(value) for value in _report_values(task.__dict__)]


def attachments_of(task: Task) -> str:
    """Attachments that are no longer those of the body."""
    return to_json(task.attachments).decode()


def _text(value: Any) -> str | None:
    return None if value is None or value == () else to_json(value).decode()


def fixed_differs(before: Task, after: Task) -> bool:
    """Whether something may have changed that is written once as a rule.

    Here and below by identity: what a change copied over is the same object, and equality would take `true` for 1.
    """
    return any(map(is_not, _fixed_values(before.__dict__), _fixed_values(after.__dict__)))


def report_differs(before: Task, after: Task) -> bool:
    """Whether the run may have reported something new."""
    return any(map(is_not, _report_values(before.__dict__), _report_values(after.__dict__)))


def attachments_differ(before: Task, after: Task) -> bool:
    """Whether the user may have changed the attachments."""
    return before.attachments is not after.attachments
