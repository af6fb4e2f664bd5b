"""How a task is laid out as a document, and made again from one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from skalds.adapters.stored_form import stored_form
from skalds.errors import StoreCorrupt
from skalds.model.task import Task

Document = dict[str, Any]

TASK_FIELDS = {"_id": 0, "dispatch": 0, "told": 0}
"""Projection for `task_of`: the fields of the task without what we keep beside them."""

_ALWAYS = frozenset(
    """
    id className source name description executor dependencies mode isPersistent createDateTime updateDateTime
    deadlineDateTime lifecycleStatus priority attachments tenant rev final attempt eligibleAt
    """.split()
)
"""The document of Skalds 0.3.8, and what pipelines and indexes of ours compute with; the rest only if not default."""

_DEFAULTS = {
    field.alias or name: field.get_default(call_default_factory=True)
    for name, field in Task.model_fields.items()
    if (field.alias or name) not in _ALWAYS
}
_FREE_FIELDS = ("attachments", "result", "checkpoint", "usage", "resources", "runs")
_NOT_STORED = {"waiting"}


class FieldChanges(NamedTuple):
    """What of a document differs between two versions of a task: new values by field, and fields that go."""

    values: Document
    gone: list[str]


def document_of(task: Task) -> Document:
    """The document of a task in its stored form, without `dispatch`."""
    fields = task.model_dump(by_alias=True, exclude=_NOT_STORED)
    return {name: value for name, value in fields.items() if _is_written(name, value)}


def changed_fields(before: Task, after: Task) -> FieldChanges:
    """How the document follows from one version to the next, judged by identity: equality would take `true` for 1."""
    after = stored_form(after, before)
    old, new = before.__dict__, after.__dict__
    names = {name for name in new if new[name] is not old[name]} - _NOT_STORED
    fields = after.model_dump(by_alias=True, include=names)
    values = {name: value for name, value in fields.items() if _is_written(name, value)}
    return FieldChanges(values, [name for name in fields if name not in values])


def task_of(document: Mapping[str, Any]) -> Task:
    """The task that a document describes; `StoreCorrupt` naming it if there is none to make of it."""
    fields = dict(document)
    for name in _FREE_FIELDS:
        if fields.get(name) is not None:
            fields[name] = plain(fields[name])
    try:
        return Task.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        raise StoreCorrupt(
            f"The document of task {fields.get('id')!r} cannot be read: {where}: {problem['msg']}", field=where
        ) from error


def plain(value: Any) -> Any:
    """A value as JSON knows it: the driver's own numbers become ordinary ones, dates and ids of others their text."""
    if type(value) in _PLAIN_ALREADY:
        return value
    return orjson.loads(orjson.dumps(value, default=str))


def absent_or(value: Any, default: Any = 0) -> Any:
    """What to compare a field with that others may have left out while it had its default."""
    return {"$in": [value, None]} if value == default else {"$eq": value}


def _is_written(name: str, value: Any) -> bool:
    return name in _ALWAYS or value != _DEFAULTS[name]


_PLAIN_ALREADY = (str, int, float, bool)
