"""From an error body of the API back to the error of `skalds.errors` that it was made of."""

from collections.abc import Callable, Mapping
from typing import Any

from skalds import errors
from skalds.errors import FieldProblem, SkaldsError

_Fields = Mapping[str, Any]


def _plain(kind: type[SkaldsError]) -> Callable[[_Fields, str], SkaldsError]:
    """An error that is its message and its fields."""
    return lambda fields, message: kind(message, **fields)


def _of_problems(kind: type[errors.ValidationFailed]) -> Callable[[_Fields, str], SkaldsError]:
    """An error that is a list of what is wrong with which field."""
    return lambda fields, _: kind(
        FieldProblem(problem["field"], problem["message"], problem.get("index")) for problem in fields["errors"]
    )


_REBUILD: Mapping[str, Callable[[_Fields, str], SkaldsError]] = {
    **{kind.code: _of_problems(kind) for kind in (errors.ValidationFailed, errors.UnknownDependency)},
    errors.NotFound.code: lambda fields, _: errors.NotFound(fields["kind"], fields["id"]),
    errors.DuplicateTask.code: lambda fields, _: errors.DuplicateTask(fields["ids"], fields["indexes"]),
    errors.TransitionRefused.code: lambda fields, _: errors.TransitionRefused(
        fields["reason"], task=fields.get("task")
    ),
    errors.IdempotencyConflict.code: lambda fields, _: errors.IdempotencyConflict(
        fields["key"], task=fields.get("task")
    ),
    errors.QueueFull.code: lambda fields, _: errors.QueueFull(fields["tenant"], fields["limit"]),
    **{
        kind.code: _plain(kind)
        for kind in (
            errors.Conflict,
            errors.StoreError,
            errors.StoreUnavailable,
            errors.StoreFull,
            errors.OutcomeUnknown,
        )
    },
}


def error_of_answer(status: int, body: object) -> SkaldsError:
    """The error that an answer with this status tells of; one we do not know is a `SkaldsError` with `status`."""
    if not isinstance(body, dict):
        return SkaldsError(f"The System Controller answered with status {status}", status=status)
    code, fields = body.get("code"), body.get("fields") or {}
    message = str(body.get("message") or f"The System Controller answered with status {status}")
    rebuild = _REBUILD.get(str(code))
    if rebuild is not None:
        try:
            return rebuild(fields, message)
        except (KeyError, TypeError):
            pass  # another version's fields: its words are still worth telling
    return SkaldsError(message, status=status, code=code)


def shifted(error: SkaldsError, by: int) -> SkaldsError:
    """The same error about a later chunk of a longer list: its indexes count from the beginning of the list."""
    match error:
        case errors.ValidationFailed():
            return type(error)(
                FieldProblem(p.field, p.message, None if p.index is None else p.index + by) for p in error.problems
            )
        case errors.DuplicateTask():
            return errors.DuplicateTask(error.ids, [index + by for index in error.indexes])
        case _:
            return error
