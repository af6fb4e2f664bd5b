"""What the OpenAPI document says beyond the routes: bodies that routes read themselves, and errors."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from skalds.config._enum import DispatcherStrategyEnum
from skalds.system_controller.api.schemas import ErrorBody, submission_schema
from skalds.system_controller.operations.submit_tasks import LARGEST_BATCH

_REF = "#/components/schemas/"


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route for these error statuses."""
    return {status: {"model": ErrorBody} for status in statuses}


def request_body(schema: str) -> dict[str, Any]:
    """`openapi_extra` of a route whose JSON body is checked by hand against the named schema."""
    content = {"application/json": {"schema": {"$ref": f"{_REF}{schema}"}}}
    return {"requestBody": {"required": True, "content": content}}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _body_schemas() -> dict[str, Any]:
    submission = {"$ref": f"{_REF}TaskSubmission"}
    target = {"type": "string", "enum": ["Created", "Cancelled"]}
    return {
        "TaskSubmission": submission_schema(),
        "TaskSubmissions": {"anyOf": [submission, {"type": "array", "maxItems": LARGEST_BATCH, "items": submission}]},
        "StatusChange": _object(lifecycleStatus=target, status=target) | {"minProperties": 1},
        "AttachmentsChange": _object(attachments={"type": "object"}) | {"required": ["attachments"]},
        "DispatcherChange": _object(strategy={"enum": [*DispatcherStrategyEnum.list(), None]})
        | {"required": ["strategy"]},
    }


class SkaldsApi(FastAPI):
    """FastAPI whose OpenAPI document knows those bodies."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title, version=self.version, description=self.description, routes=self.routes
            )
            document["components"]["schemas"] |= _body_schemas()
            self.openapi_schema = _without_default_422(document)
        return self.openapi_schema


def _without_default_422(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI describes its own 422 on every route with a parameter; ours has another shape."""
    for operations in document["paths"].values():
        for operation in operations.values():
            answer = operation["responses"].get("422", {})
            if "HTTPValidationError" in str(answer):
                del operation["responses"]["422"]
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document
