"""Routes that say what is here."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from skalds import __version__
from skalds.system_controller.api.dependencies import Parts
from skalds.system_controller.api.json_response import JsonResponse

router = APIRouter(tags=["root"])

API_VERSION = "1.0.0"


@router.get("/", response_model=dict[str, Any])
async def root(parts: Parts) -> Response:
    """What this server is."""
    return JsonResponse(
        {
            "name": "Skalds SystemController",
            "version": __version__,
            "mode": parts.settings.system_controller_mode.value,
            "status": "running",
            "endpoints": {"api": "/api", "docs": "/api/docs", "dashboard": None},
        }
    )


@router.get("/api/", include_in_schema=False)
@router.get("/api", response_model=dict[str, Any])
async def api() -> Response:
    """Where the API's parts are."""
    return JsonResponse(
        {
            "name": "SystemController API",
            "version": API_VERSION,
            "endpoints": {
                "tasks": "/api/tasks",
                "skalds": "/api/skalds",
                "events": "/api/events",
                "system": "/api/system",
                "dispatcher": "/api/dispatcher",
            },
        }
    )
