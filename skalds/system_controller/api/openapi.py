"""What the OpenAPI document says beyond the routes: bodies that routes read themselves, and errors."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.task import HIGHEST_PRIORITY
from skalds.system_controller.api.schemas import ErrorBody, submission_schema
from skalds.system_controller.monitor.dispatch_policy import LONGEST_INTERVAL_S
from skalds.system_controller.operations.preview_request import MOST_ASSIGNMENTS, MOST_NODES
from skalds.system_controller.operations.submit_tasks import LARGEST_BATCH
from skalds.system_controller.policy_text import LARGEST_COUNT, LARGEST_LIMIT, LARGEST_WEIGHT

_REF = "#/components/schemas/"


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route for these error statuses."""
    return {status: {"model": ErrorBody} for status in statuses}


def request_body(schema: str, *, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route whose JSON body is checked by hand against the named schema."""
    content = {"application/json": {"schema": {"$ref": f"{_REF}{schema}"}}}
    return {"requestBody": {"required": required, "content": content}}


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
        **_dispatcher_bodies(),
        **_policy_bodies(),
    }


def _dispatcher_bodies() -> dict[str, Any]:
    # Beside the names of this version there are those of strategies that users installed.
    strategy = {"anyOf": [{"type": "string"}, {"type": "null"}], "examples": DispatcherStrategyEnum.list()}
    texts = {"type": "array", "items": {"type": "string"}}
    labels = {"type": "object", "additionalProperties": {"type": "string"}}
    node = _object(
        id={"type": "string", "default": "new"},
        count={"type": "integer", "minimum": 1, "maximum": MOST_NODES, "default": 1},
        like={"type": "string", "description": "A node; what is left out here is as there."},
        classes=texts,
        slots={"type": "integer", "minimum": 0},
        labels=labels,
        resources={"type": "object"},
    )
    return {
        "DispatcherChange": _object(
            strategy=strategy,
            interval=_or_null({"type": "integer", "minimum": 1, "maximum": LONGEST_INTERVAL_S}),
            paused=_or_null({"type": "boolean"}),
        )
        | {"minProperties": 1},
        "PlanRequest": _object(
            strategy=strategy,
            nodes={"type": "array", "items": node},
            labels={"type": "object", "additionalProperties": _LABELS_OR_NULL},
            without=texts,
            limit={"type": "integer", "minimum": 0, "maximum": MOST_ASSIGNMENTS, "default": 100},
        ),
    }


def _policy_bodies() -> dict[str, Any]:
    count = _or_null({"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT})
    weight = _or_null({"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_WEIGHT})
    limit = {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT}
    return {
        "TenantChange": _object(weight=weight, maxRunning=count, maxQueued=count) | {"minProperties": 1},
        "LimitChange": _object(max=limit) | {"required": ["max"]},
        "LabelsChange": _LABELS_OR_NULL,
        "ReservationChange": _object(
            slots=limit, priority={"type": "integer", "minimum": 0, "maximum": HIGHEST_PRIORITY}
        )
        | {"required": ["slots", "priority"]},
    }


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_LABELS_OR_NULL = {"type": "object", "additionalProperties": _or_null({"type": "string"})}


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
