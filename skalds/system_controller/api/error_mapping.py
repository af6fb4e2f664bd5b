"""The one table from errors to HTTP, and the one shape of an error body.

Every error, whatever its cause, answers with the same keys; `code` and `fields` are for programs, the rest for people:

    code         stable name of the kind of error, that of `skalds.errors` or one of `HttpRefusal`
    fields       what belongs to it: `{"task"}`, `{"ids", "indexes"}`, `{"errors": [{"index", "field", "message"}]}`
    error        short text; for 404 and 500 the words of Skalds 0.3.8 ("Not Found", "Internal Server Error")
    message      the whole text; for 404 that of 0.3.8
    detail       422: a list of `{"type", "loc", "msg", "input"}`, as clients of 0.3.8 read it; otherwise text
    suggestion   what to do about it, or null
    status_code, path
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from skalds import errors
from skalds.errors import FieldProblem, NotFound, SkaldsError, ValidationFailed
from skalds.system_controller.api.json_response import JsonResponse

STATUS_OF_ERROR: Mapping[type[SkaldsError], int] = {
    errors.ValidationFailed: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.QueueFull: 429,
    errors.StoreUnavailable: 503,
    errors.OutcomeUnknown: 503,
    errors.StoreFull: 507,
    errors.LeaseLost: 503,
    errors.SessionReplaced: 409,
    errors.AlreadyRunning: 409,
    errors.SkaldsError: 500,
}
"""The nearest class of an error's ancestry decides."""

_SEE_DOCS = "Check the API documentation at /api/docs"
_RETRY_AFTER_SECONDS = "1"
_PASSING = frozenset({429, 503})
"""What is worth sending again in a moment, just as it was."""


class HttpRefusal(NamedTuple):
    """A request refused for what it is as HTTP, before any operation saw it."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = {}


def refusal_response(refusal: HttpRefusal, path: str) -> JsonResponse:
    """The answer to a refused request."""
    body = _body(refusal.status, refusal.code, refusal.message, path)
    return JsonResponse(body, refusal.status, dict(refusal.headers))


def error_response(error: SkaldsError, path: str) -> JsonResponse:
    """The answer to an error of an operation."""
    status = status_of(error)
    body = _body(status, error.code, error.message, path, error.fields)
    if isinstance(error, ValidationFailed):
        body |= {"error": "Validation failed", "detail": _details(error.problems)}
    elif isinstance(error, NotFound):
        body |= _not_found(path, error.message)
    elif status == 500:
        # What went wrong inside is for the log; its words could tell more than a caller should know.
        return fault_response(path)
    headers = {"retry-after": _RETRY_AFTER_SECONDS} if status in _PASSING else {}
    return JsonResponse(body, status, headers)


def unknown_path_response(path: str) -> JsonResponse:
    """The answer where nothing is served."""
    body = _body(404, NotFound.code, "Not Found", path, {"kind": "path", "id": path[:256]})
    return JsonResponse(body | _not_found(path, "Nothing is served here"), 404)


def fault_response(path: str) -> JsonResponse:
    """The answer to a fault of ours; the log has the rest."""
    body = _body(500, "internal_error", "An unexpected error occurred", path)
    return JsonResponse(body | {"error": "Internal Server Error", "detail": None}, 500)


def status_of(error: SkaldsError) -> int:
    return next(STATUS_OF_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_OF_ERROR)


def _body(
    status: int, code: str, message: str, path: str, fields: Mapping[str, object] | None = None
) -> dict[str, Any]:
    return {
        "error": message,
        "message": message,
        "code": code,
        "fields": dict(fields or {}),
        "detail": message,
        "suggestion": None,
        "status_code": status,
        "path": path,
    }


def _not_found(path: str, detail: str) -> dict[str, str]:
    return {
        "error": "Not Found",
        "message": f"The requested resource '{path}' was not found",
        "detail": detail,
        "suggestion": _SEE_DOCS,
    }


def _details(problems: Sequence[FieldProblem]) -> list[dict[str, Any]]:
    return [
        {"type": ValidationFailed.code, "loc": _location(problem), "msg": problem.message, "input": None}
        for problem in problems
    ]


def _location(problem: FieldProblem) -> list[str | int]:
    index = [] if problem.index is None else [problem.index]
    place, _, rest = problem.field.partition(".")
    # Query and path parameters say so themselves; everything else is in the body.
    if place in ("query", "path", "body"):
        return [place, *index, *([rest] if rest else [])]
    return ["body", *index, *problem.field.split(".")]
