"""Routes of the dispatcher."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skalds.errors import FieldProblem, NotFound, ValidationFailed
from skalds.system_controller.api.body_fields import body_fields
from skalds.system_controller.api.dependencies import ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.monitor.dispatcher import Dispatcher

router = APIRouter(prefix="/api/dispatcher", tags=["dispatcher"])

_SETTABLE = "strategy"
_NOT_BUILT_YET = ("interval", "paused")


@router.get("/", include_in_schema=False)
@router.get("", response_model=dict[str, Any], responses=errors(404))
async def status(parts: Parts) -> Response:
    """How the dispatcher is set and what it does."""
    return JsonResponse(_dispatcher_of(parts).get_status())


@router.put("/", include_in_schema=False)
@router.put(
    "",
    response_model=dict[str, Any],
    responses=errors(404, 422),
    openapi_extra=request_body("DispatcherChange"),
)
async def change(request: Request, parts: Parts) -> Response:
    """Switches the strategy while running; null goes back to the configured one."""
    fields = body_fields(request, (_SETTABLE, *_NOT_BUILT_YET))
    dispatcher = _dispatcher_of(parts)
    early = [FieldProblem(name, f"{name} is not supported yet") for name in _NOT_BUILT_YET if name in fields]
    if early:
        raise ValidationFailed(early)
    if _SETTABLE not in fields:
        raise ValidationFailed.of(_SETTABLE, "is required")
    strategy = fields[_SETTABLE]
    if strategy is not None and not isinstance(strategy, str):
        raise ValidationFailed.of(_SETTABLE, "must be the name of a strategy, or null")
    await dispatcher.set_strategy(strategy)
    return JsonResponse(dispatcher.get_status())


def _dispatcher_of(parts: ApiParts) -> Dispatcher:
    if parts.dispatcher is None:
        raise NotFound("dispatcher in a controller of mode", parts.settings.system_controller_mode.value)
    return parts.dispatcher
