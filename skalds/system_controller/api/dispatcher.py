"""Routes of the dispatcher."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skalds.errors import NotFound
from skalds.system_controller.api.body_fields import body_fields, expect_no_fields, optional_fields
from skalds.system_controller.api.control_shapes import PassReportResponse, PassResponse, PlanResponse
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.operations.change_dispatcher import DISPATCHER_FIELDS, change_dispatcher, run_pass
from skalds.system_controller.operations.preview_plan import dump_pass, preview_plan, show_preview
from skalds.system_controller.operations.preview_request import PREVIEW_FIELDS, read_preview
from skalds.system_controller.operations.read_dispatcher import read_backlog

router = APIRouter(prefix="/api/dispatcher", tags=["dispatcher"])


@router.get("/", include_in_schema=False)
@router.get("", response_model=dict[str, Any], responses=errors(404))
async def status(parts: Parts) -> Response:
    """How the dispatcher is set, what it does, and what waits by class and by reason."""
    return await _status(parts)


@router.put("/", include_in_schema=False)
@router.put(
    "",
    response_model=dict[str, Any],
    responses=errors(404, 422),
    openapi_extra=request_body("DispatcherChange"),
)
async def change(request: Request, parts: Parts, actor: Actor) -> Response:
    """Sets any of strategy, interval (s) and paused, across restarts; null goes back to what is configured."""
    fields = body_fields(request, DISPATCHER_FIELDS)
    await change_dispatcher(_dispatcher_of(parts), parts.clock, fields, actor)
    return await _status(parts)


@router.post("/run", response_model=PassReportResponse, responses=errors(404, 409, 503))
async def run(request: Request, parts: Parts) -> Response:
    """Makes one pass now; 409 where this controller does not lead, or while dispatching is paused."""
    expect_no_fields(request)
    return JsonResponse(await run_pass(_dispatcher_of(parts)))


@router.post(
    "/plan",
    response_model=PlanResponse,
    responses=errors(404, 422),
    openapi_extra=request_body("PlanRequest", required=False),
)
async def plan(request: Request, parts: Parts) -> Response:
    """Shows what the next pass would do, without doing it; perhaps with another strategy, or other nodes."""
    wanted = read_preview(optional_fields(request, PREVIEW_FIELDS))
    dispatcher = _dispatcher_of(parts)
    preview = await preview_plan(dispatcher, parts.engine.queue, wanted)
    return JsonResponse({**show_preview(preview, wanted.limit), "paused": dispatcher.control.policy.paused})


@router.get("/pass", response_model=PassResponse, responses=errors(404))
async def dump(parts: Parts) -> Response:
    """A fresh snapshot, and the plan that follows from it with this strategy and seed."""
    return JsonResponse(await dump_pass(_dispatcher_of(parts)))


async def _status(parts: ApiParts) -> Response:
    found = _dispatcher_of(parts).get_status()
    return JsonResponse({**found, "backlog": await read_backlog(parts.engine.lanes)})


def _dispatcher_of(parts: ApiParts) -> Dispatcher:
    if parts.dispatcher is None:
        raise NotFound("dispatcher in a controller of mode", parts.settings.system_controller_mode.value)
    return parts.dispatcher
