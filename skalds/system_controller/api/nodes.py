"""Routes of Skald nodes."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from skalds.system_controller.api.body_fields import expect_no_fields
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.api.request_guard import json_body
from skalds.system_controller.api.schemas import SkaldList, SkaldResponse, show_node
from skalds.system_controller.breakers import NO_TRIPS, Trips
from skalds.system_controller.operations.change_dispatcher import settle
from skalds.system_controller.operations.change_node import NodeCommand, command_node, label_node
from skalds.system_controller.operations.read_fleet import NodeOverview, find_node, get_node, list_nodes, tasks_on
from skalds.system_controller.usage import Session

router = APIRouter(prefix="/api/skalds", tags=["skalds"])


class SkaldFilters(BaseModel):
    """Query of the node list."""

    model_config = ConfigDict(extra="forbid")

    type: str | None = None
    status: str | None = None


@router.get("", include_in_schema=False)
@router.get("/", response_model=SkaldList, responses=errors(422))
async def list_(filters: Annotated[SkaldFilters, Query()], parts: Parts) -> Response:
    """Lists the known nodes, by id; `status` is `online` or `offline`."""
    trips = _trips(parts)
    items = [
        shown
        for shown in (_shown(parts, node, trips) for node in list_nodes(parts.cluster, parts.policies.current))
        if filters.type in (None, "", shown["type"]) and filters.status in (None, "", shown["status"])
    ]
    return JsonResponse({"items": items, "total": len(items)})


@router.get("/{skald_id}", response_model=SkaldResponse, responses=errors(404))
async def get(skald_id: str, parts: Parts) -> Response:
    """One node."""
    return JsonResponse(_shown(parts, get_node(parts.cluster, skald_id, parts.policies.current), _trips(parts)))


@router.post("/{skald_id}/cordon", response_model=SkaldResponse, responses=errors(404))
async def cordon(skald_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Gives the node nothing new; what runs there goes on."""
    return await _command(skald_id, request, parts, actor, NodeCommand.CORDON)


@router.post("/{skald_id}/uncordon", response_model=SkaldResponse, responses=errors(404))
async def uncordon(skald_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Lets the node take new work again; ends a drain, too."""
    return await _command(skald_id, request, parts, actor, NodeCommand.UNCORDON)


@router.post("/{skald_id}/drain", response_model=SkaldResponse, responses=errors(404))
async def drain(skald_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Gives the node nothing new and moves what runs there elsewhere, counted against nobody."""
    return await _command(skald_id, request, parts, actor, NodeCommand.DRAIN)


@router.put(
    "/{skald_id}/labels",
    response_model=SkaldResponse,
    responses=errors(404, 422),
    openapi_extra=request_body("LabelsChange"),
)
async def put_labels(skald_id: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Sets labels on top of the node's own: null takes one back, an empty text hides one of the node's own."""
    await label_node(parts.policies, parts.engine.directory, skald_id, json_body(request), actor)
    await settle(parts.dispatcher)
    return await _answer(skald_id, parts)


async def _command(skald_id: str, request: Request, parts: ApiParts, actor: str, command: NodeCommand) -> Response:
    expect_no_fields(request)
    await command_node(parts.policies, parts.engine.directory, skald_id, command, actor)
    await settle(parts.dispatcher)
    return await _answer(skald_id, parts)


async def _answer(skald_id: str, parts: ApiParts) -> Response:
    node = await find_node(parts.cluster, parts.engine.directory, skald_id, parts.policies.current)
    return JsonResponse(_shown(parts, node, _trips(parts)))


def _trips(parts: ApiParts) -> Mapping[Session, Trips]:
    return {(view.id, view.session): Trips(view.tripped, view.probing) for view in parts.picture.nodes()}


def _shown(parts: ApiParts, node: NodeOverview, trips: Mapping[Session, Trips]) -> dict[str, Any]:
    registration = node.known.registration
    mine = trips.get((registration.node.id, registration.session), NO_TRIPS)
    return show_node(node, tasks_on(parts.cluster, node), mine)
