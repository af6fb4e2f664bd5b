"""Small JSON bodies, field by field."""

from collections.abc import Collection
from typing import Any

from fastapi import Request

from skalds.errors import FieldProblem, ValidationFailed
from skalds.system_controller.api.request_guard import has_body, json_body


def body_fields(request: Request, known: Collection[str]) -> dict[str, Any]:
    """The body as an object with no other fields than `known`."""
    body = json_body(request)
    if not isinstance(body, dict):
        raise ValidationFailed.of("body", "must be a JSON object")
    unknown = [name for name in body if name not in known]
    if unknown:
        raise ValidationFailed(
            FieldProblem(name[:80], f"there is no field of this name; known are {', '.join(known)}") for name in unknown
        )
    return body


def optional_fields(request: Request, known: Collection[str]) -> dict[str, Any]:
    """The same where no body at all is as good as `{}`."""
    return body_fields(request, known) if has_body(request) else {}


def expect_no_fields(request: Request) -> None:
    """For routes that take no input: nothing or `{}`."""
    if has_body(request):
        body_fields(request, ())


def one_of_spellings(fields: dict[str, Any], *spellings: str) -> Any:
    """The value that a field with several names was given; raises if it is missing or the names disagree."""
    given = [fields[spelling] for spelling in spellings if spelling in fields]
    if not given:
        raise ValidationFailed.of(spellings[0], "is required")
    if any(value != given[0] for value in given):
        raise ValidationFailed.of(spellings[0], f"{' and '.join(spellings)} disagree")
    return given[0]
