"""Routes of slots kept for urgent tasks on all nodes with a label; a label stands in the path as name=value."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skalds.model.reserved import Reserved
from skalds.system_controller.api.body_fields import body_fields, expect_no_fields
from skalds.system_controller.api.control_shapes import ReservationList, ReservationResponse
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.operations.change_dispatcher import settle
from skalds.system_controller.operations.change_reservation import (
    RESERVATION_FIELDS,
    read_label,
    reserve_slots,
    unreserve_slots,
)
from skalds.system_controller.policy_text import label_text, shown_reservation

router = APIRouter(prefix="/api/reservations", tags=["reservations"])

# The name of a label may hold slashes.
_LABEL = "/{label:path}"


@router.get("/", include_in_schema=False)
@router.get("", response_model=ReservationList)
async def list_(parts: Parts) -> Response:
    """Lists what was set, by label."""
    found = sorted(parts.policies.current.reservations.items())
    return JsonResponse({"items": [_shown(*each) for each in found], "total": len(found)})


@router.get(_LABEL, response_model=ReservationResponse, responses=errors(422))
async def get(label: str, parts: Parts) -> Response:
    """What is kept on nodes with this label."""
    return _answer(parts, label)


@router.put(
    _LABEL, response_model=ReservationResponse, responses=errors(422), openapi_extra=request_body("ReservationChange")
)
async def put(label: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Keeps slots of each of these nodes for urgent tasks. Effective from the next pass, kept across restarts."""
    await reserve_slots(parts.policies, label, body_fields(request, RESERVATION_FIELDS), actor)
    await settle(parts.dispatcher)
    return _answer(parts, label)


@router.delete(_LABEL, response_model=ReservationResponse, responses=errors(422))
async def delete(label: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Goes back to what each node says itself."""
    expect_no_fields(request)
    await unreserve_slots(parts.policies, label, actor)
    await settle(parts.dispatcher)
    return _answer(parts, label)


def _answer(parts: ApiParts, text: str) -> Response:
    label = read_label(text)
    return JsonResponse(_shown(label, parts.policies.current.reservations.get(label)))


def _shown(label: tuple[str, str], reserved: Reserved | None) -> dict[str, Any]:
    return {
        "label": label_text(label),
        **shown_reservation(reserved or Reserved()),
        "isSet": reserved is not None,
    }
