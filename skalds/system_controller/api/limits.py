"""Routes of the limits of concurrency keys; a key stands in the path percent-encoded."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skalds.errors import ValidationFailed
from skalds.system_controller.api.body_fields import body_fields, expect_no_fields
from skalds.system_controller.api.control_shapes import LimitList, LimitResponse
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.operations.change_dispatcher import settle
from skalds.system_controller.operations.change_policy import KeyState, change_key, get_key, list_keys, unset_key

router = APIRouter(prefix="/api/limits", tags=["limits"])

_MAX = "max"
# A key may hold slashes, and by the time of routing they look like any other.
_KEY = "/{concurrency_key:path}"


@router.get("/", include_in_schema=False)
@router.get("", response_model=LimitList)
async def list_(parts: Parts) -> Response:
    """Lists every concurrency key that was set or has something running, by key."""
    found = list_keys(parts.policies, parts.cluster.live_runs.usage)
    return JsonResponse({"items": [_shown(key) for key in found], "total": len(found)})


@router.get(_KEY, response_model=LimitResponse, responses=errors(422))
async def get(concurrency_key: str, parts: Parts) -> Response:
    """One concurrency key; one that nobody has set allows one task at a time."""
    return _answer(parts, concurrency_key)


@router.put(_KEY, response_model=LimitResponse, responses=errors(422), openapi_extra=request_body("LimitChange"))
async def put(concurrency_key: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Sets how many tasks of the key may run at once. Effective from the next pass, kept across restarts."""
    fields = body_fields(request, (_MAX,))
    if _MAX not in fields:
        raise ValidationFailed.of(_MAX, "is required")
    await change_key(parts.policies, concurrency_key, fields[_MAX], actor)
    await settle(parts.dispatcher)
    return _answer(parts, concurrency_key)


@router.delete(_KEY, response_model=LimitResponse, responses=errors(422))
async def delete(concurrency_key: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Goes back to one task at a time."""
    expect_no_fields(request)
    await unset_key(parts.policies, concurrency_key, actor)
    await settle(parts.dispatcher)
    return _answer(parts, concurrency_key)


def _answer(parts: ApiParts, key: str) -> Response:
    return JsonResponse(_shown(get_key(parts.policies, parts.cluster.live_runs.usage, key)))


def _shown(key: KeyState) -> dict[str, Any]:
    return {"concurrencyKey": key.key, "max": key.limit, "isSet": key.is_set, "running": key.running}
