"""The route of the audit log."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from skalds.model.audit import AuditEntry
from skalds.system_controller.api.control_shapes import AuditList
from skalds.system_controller.api.dependencies import Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors
from skalds.system_controller.operations.audit import read_audit

router = APIRouter(prefix="/api/audit", tags=["audit"])


class AuditRange(BaseModel):
    """Query of the audit log."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    before: Annotated[int, Field(ge=1, lt=2**63)] | None = None


@router.get("/", include_in_schema=False)
@router.get("", response_model=AuditList, responses=errors(422))
async def list_(part: Annotated[AuditRange, Query()], parts: Parts) -> Response:
    """Lists what people changed, newest first; for older entries ask again with `before` of the answer."""
    page = await read_audit(parts.engine.audit, part.limit, part.before)
    return JsonResponse({"items": [_shown(entry) for entry in page.entries], "before": page.before})


def _shown(entry: AuditEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
    }
