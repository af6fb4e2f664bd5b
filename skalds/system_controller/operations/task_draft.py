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

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.task import Task
from skalds.system_controller.operations.field_limits import LONGEST_NAME, problems_of, shown, stored_amounts

NOT_BUILT_YET: Mapping[str, tuple[Any, ...]] = {
    "exclusive": (False,),
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
        problems += [*_contradictions(task, defaults.now), *defaults.check(task.class_name, task.attachments)]
    if problems or task is None:
        raise ValidationFailed(FieldProblem(problem.field, problem.message, index) for problem in problems)
    return task.model_copy(
        update={
            "id": task.id or defaults.new_id(),
            "create_date_time": defaults.now,
            "update_date_time": defaults.now,
            "eligible_at": max(defaults.now, task.not_before or 0),
            "deadline_date_time": task.deadline_date_time or None,
            "resources": stored_amounts(task.resources),
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
            yield FieldProblem(shown(spelling), _unknown(spelling))
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
    problems += problems_of(values)
    return task


def _contradictions(task: Task, now: int) -> Iterator[FieldProblem]:
    """What is wrong with fields taken together."""
    if task.id in (task.dependencies or ()):
        yield FieldProblem("dependencies", "a task cannot depend on itself")
    deadline = task.deadline_date_time
    if deadline and deadline <= now:
        yield FieldProblem("deadlineDateTime", f"has passed, it is {now} now; leave it out for none")
    elif deadline and (task.not_before or 0) > deadline:
        yield FieldProblem("notBefore", "is after deadlineDateTime, so the task could never start")


def _as_problem(detail: Mapping[str, Any]) -> FieldProblem:
    path = detail["loc"]
    field = ".".join([to_camel(str(path[0])), *(shown(str(part)) for part in path[1:])])
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
