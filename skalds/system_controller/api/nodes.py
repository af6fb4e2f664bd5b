"""Routes of Skald nodes."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from skalds.system_controller.api.dependencies import ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors
from skalds.system_controller.api.schemas import SkaldList, SkaldResponse, show_node
from skalds.system_controller.operations.read_fleet import NodeOverview, get_node, list_nodes, tasks_on

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
    items = [
        shown
        for shown in (_shown(parts, node) for node in list_nodes(parts.cluster))
        if filters.type in (None, "", shown["type"]) and filters.status in (None, "", shown["status"])
    ]
    return JsonResponse({"items": items, "total": len(items)})


@router.get("/{skald_id}", response_model=SkaldResponse, responses=errors(404))
async def get(skald_id: str, parts: Parts) -> Response:
    """One node."""
    return JsonResponse(_shown(parts, get_node(parts.cluster, skald_id)))


def _shown(parts: ApiParts, node: NodeOverview) -> dict[str, Any]:
    return show_node(node, tasks_on(parts.cluster, node))
