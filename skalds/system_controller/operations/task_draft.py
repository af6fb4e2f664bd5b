"""From what a submitter wrote to the task that is stored.

Every field of a task is in exactly one group:

    asked for       taken over after its type and limits were checked
    not built yet   refused unless it has its default, so that nothing is accepted and then ignored
    the server's    refused unless it has its default; moments of the submitter's clock are replaced by ours
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.task import Task

LONGEST_NAME = 128
LARGEST_ATTACHMENTS = 256 * 1024
LATEST_MOMENT = 253_402_300_799_999
"""The last millisecond of the year 9999."""

RESERVED_IDS = frozenset({"classnames"})
"""Words that are paths of their own beside `/api/tasks/{id}`."""

NOT_BUILT_YET: Mapping[str, tuple[Any, ...]] = {
    "dependencies": (None, []),
    "requires": ({},),
    "prefers": ({},),
    "resources": ({},),
    "concurrency_key": (None,),
    "affinity_key": (None,),
    "exclusive": (False,),
    "preemptible": (False,),
    "timeout_ms": (0,),
    "deadline_date_time": (None, 0),
    "mode": ("Passive",),
}
"""Fields without effect so far, and the values that ask for nothing."""

THE_SERVERS: Mapping[str, tuple[Any, ...]] = {
    "lifecycle_status": ("Created",),
    **{
        name: (field.get_default(call_default_factory=True),)
        for name, field in Task.model_fields.items()
        if name
        in {
            *("rev", "final", "attempt", "failures", "losses", "refusals", "requeues", "eligible_at", "pinned_to"),
            *("assignment", "attachments_rev", "released_at", "progress", "result", "error", "checkpoint", "usage"),
            "waiting",
        }
    },
    "runs": ([],),
}
"""Fields that say where a task stands, and the values a new one has."""

_OUR_MOMENTS = frozenset({"create_date_time", "update_date_time"})
_NAMES = {spelling: name for name in Task.model_fields for spelling in (name, to_camel(name))}


def _printable(longest: int) -> Callable[[str], str | None]:
    def check(text: str) -> str | None:
        if 0 < len(text) <= longest and text.isprintable():
            return None
        return f"must be 1 to {longest} characters, none of them a control character"

    return check


def _identifier(text: str) -> str | None:
    if not 0 < len(text) <= LONGEST_NAME:
        return f"must be 1 to {LONGEST_NAME} characters"
    if not text.isprintable() or any(sign in text for sign in " /*") or ".." in text or text == ".":
        return "must have no control characters, spaces, '/', '*' or '..'"
    return f"{text!r} is reserved" if text in RESERVED_IDS else None


def _length(longest: int) -> Callable[[str], str | None]:
    return lambda text: None if len(text) <= longest else f"must be at most {longest} characters"


def _between(least: int, most: int) -> Callable[[float], str | None]:
    return lambda number: None if least <= number <= most else f"must be from {least} to {most}"


def limit_attachments(value: object) -> str | None:
    """What is wrong with attachments of any class."""
    if not isinstance(value, dict):
        return "must be a JSON object or null"
    size = len(orjson.dumps(value))
    return None if size <= LARGEST_ATTACHMENTS else f"must be at most {LARGEST_ATTACHMENTS} bytes of JSON"


_LIMITS: Mapping[str, Callable[[Any], str | None]] = {
    "id": _identifier,
    "class_name": _printable(LONGEST_NAME),
    "tenant": _identifier,
    "executor": _identifier,
    "source": _printable(LONGEST_NAME),
    "name": _length(256),
    "description": _length(4096),
    "idempotency_key": _printable(256),
    "attachments": limit_attachments,
    "max_attempts": _between(0, 1_000_000),
    "retry_delay_ms": _between(0, 86_400_000),
    "retry_backoff": _between(1, 1_000),
    "not_before": _between(0, LATEST_MOMENT),
    "slots": _between(0, 100_000),
}

SUBMITTABLE: Sequence[str] = tuple(
    name for name in Task.model_fields if name not in {*NOT_BUILT_YET, *THE_SERVERS, *_OUR_MOMENTS}
)
"""Fields a submitter may fill in."""


CheckAttachments = Callable[[str, Any], Sequence[FieldProblem]]


@dataclass(frozen=True, slots=True)
class DraftDefaults:
    """What a task gets that its submitter left out: the time, new ids, and how many failed runs end it."""

    now: int
    new_id: Callable[[], str]
    max_attempts: int
    check: CheckAttachments = lambda class_name, attachments: ()
    """What is wrong with the attachments of a task of this class."""


def read_draft(draft: object, defaults: DraftDefaults, index: int | None = None) -> Task:
    """The task that `draft`, an object of Task JSON, asks for; raises `ValidationFailed` naming every wrong field."""
    if not isinstance(draft, dict):
        raise ValidationFailed.of("body", "must be a JSON object", index)
    values: dict[str, Any] = {"max_attempts": defaults.max_attempts, "source": "API"}
    problems = list(_sort_out(draft, values))
    task = _validated(values, problems)
    if task is not None and not problems:
        problems += defaults.check(task.class_name, task.attachments)
    if problems or task is None:
        raise ValidationFailed(FieldProblem(problem.field, problem.message, index) for problem in problems)
    return task.model_copy(
        update={
            "id": task.id or defaults.new_id(),
            "create_date_time": defaults.now,
            "update_date_time": defaults.now,
            "eligible_at": max(defaults.now, task.not_before or 0),
            # As with documents of 0.3.8: an executor set before the first run means that node and no other.
            "pinned_to": task.executor,
        }
    )


def _sort_out(draft: Mapping[str, Any], values: dict[str, Any]) -> Iterator[FieldProblem]:
    """Puts what is asked for into `values` and tells what cannot be."""
    seen: set[str] = set()
    for spelling, value in draft.items():
        name = _NAMES.get(spelling)
        if name is None:
            yield FieldProblem(_shown(spelling), _unknown(spelling))
        elif name in seen:
            yield FieldProblem(to_camel(name), "is given twice, in both spellings")
        elif name in NOT_BUILT_YET:
            if not _is_one_of(value, NOT_BUILT_YET[name]):
                yield FieldProblem(to_camel(name), f"{to_camel(name)} is not supported yet")
        elif name in THE_SERVERS:
            if not _is_one_of(value, THE_SERVERS[name]):
                yield FieldProblem(to_camel(name), "is set by the server and cannot be submitted")
        elif name in _OUR_MOMENTS:
            if type(value) is not int:
                yield FieldProblem(to_camel(name), "must be an integer (ms); the server sets its own")
        else:
            values[name] = value
        if name is not None:
            seen.add(name)


def _validated(values: dict[str, Any], problems: list[FieldProblem]) -> Task | None:
    """The task of these values, types first and then limits; adds to `problems` what is wrong."""
    try:
        # An empty id stands for "make one"; it cannot be submitted, because the limits refuse it.
        task = Task.model_validate({"id": "", **values}, strict=True)
    except ValidationError as error:
        problems += [_as_problem(dict(detail)) for detail in error.errors(include_url=False, include_context=False)]
        return None
    for name, check in _LIMITS.items():
        value = values.get(name)
        if value is not None and (complaint := check(value)):
            problems.append(FieldProblem(to_camel(name), complaint))
    return task


def _as_problem(detail: Mapping[str, Any]) -> FieldProblem:
    path = detail["loc"]
    field = ".".join([to_camel(str(path[0])), *(_shown(str(part)) for part in path[1:])])
    missing = detail["type"] == "missing"
    return FieldProblem(field, "is required" if missing else _lower_first(detail["msg"].removeprefix("Input ")))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _is_one_of(value: Any, allowed: tuple[Any, ...]) -> bool:
    # 0 == False and 1 == True, but not here.
    return any(type(value) is type(one) and value == one for one in allowed)


def _unknown(spelling: str) -> str:
    near = difflib.get_close_matches(spelling[:LONGEST_NAME], _NAMES, n=1)
    hint = f"; did you mean {to_camel(_NAMES[near[0]])}?" if near else ""
    return f"there is no field of this name{hint}"


def _shown(text: str) -> str:
    short = text if len(text) <= 80 else f"{text[:79]}…"
    return short if short.isprintable() else ascii(short)
