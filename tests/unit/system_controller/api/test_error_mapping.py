"""Every error has a status, and every error body the same shape."""

import inspect

import orjson
import pytest

from skalds import errors
from skalds.errors import DuplicateTask, FieldProblem, NotFound, SkaldsError, StoreError, ValidationFailed
from skalds.system_controller.api.error_mapping import (
    STATUS_OF_ERROR,
    HttpRefusal,
    error_response,
    fault_response,
    refusal_response,
    status_of,
    unknown_path_response,
)
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.schemas import ErrorBody

ERRORS = [member for member in vars(errors).values() if inspect.isclass(member) and issubclass(member, SkaldsError)]
OURS = {500, 503, 507}


def body_of(response: JsonResponse) -> ErrorBody:
    return ErrorBody.model_validate(orjson.loads(response.body))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind: type[SkaldsError]) -> None:
    error = kind.__new__(kind)

    assert status_of(error) in set(STATUS_OF_ERROR.values())
    assert (status_of(error) in OURS) == (not issubclass(kind, CALLERS))


CALLERS = (
    errors.ValidationFailed,
    errors.NotFound,
    errors.Conflict,
    errors.QueueFull,
    errors.SessionReplaced,
    errors.AlreadyRunning,
)


@pytest.mark.parametrize(
    "response",
    [
        error_response(ValidationFailed([FieldProblem("priority", "no", 3), FieldProblem("query.page", "no")]), "/p"),
        error_response(NotFound("task", "t"), "/p"),
        error_response(DuplicateTask(["t"], [0]), "/p"),
        error_response(StoreError("disk of /secret/path"), "/p"),
        refusal_response(HttpRefusal(413, "too_large", "The body is too large"), "/p"),
        unknown_path_response("/p"),
        fault_response("/p"),
    ],
    ids=["invalid", "not found", "conflict", "store", "refusal", "unknown path", "fault"],
)
def test_every_error_body_has_the_same_keys(response: JsonResponse) -> None:
    body = body_of(response)

    assert set(orjson.loads(response.body)) == set(ErrorBody.model_fields)
    assert (body.status_code, body.path) == (response.status_code, "/p")


def test_validation_tells_where_as_older_clients_read_it() -> None:
    problems = [FieldProblem("retryBackoff", "no", 3), FieldProblem("query.page", "no"), FieldProblem("body", "no")]

    detail = body_of(error_response(ValidationFailed(problems), "/p")).detail

    assert isinstance(detail, list)
    assert [entry["loc"] for entry in detail] == [["body", 3, "retryBackoff"], ["query", "page"], ["body"]]
    assert all({"type", "loc", "msg", "input"} == set(entry) for entry in detail)


def test_what_went_wrong_inside_is_not_told() -> None:
    assert b"secret" not in bytes(error_response(StoreError("disk of /secret/path"), "/p").body)
