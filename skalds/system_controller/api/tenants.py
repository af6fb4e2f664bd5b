"""Routes of tenants: their shares and limits, and what they use."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from skalds.system_controller.api.body_fields import body_fields, expect_no_fields
from skalds.system_controller.api.control_shapes import TenantList, TenantResponse
from skalds.system_controller.api.dependencies import Actor, ApiParts, Parts
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.api.openapi import errors, request_body
from skalds.system_controller.operations.change_dispatcher import settle
from skalds.system_controller.operations.change_policy import (
    TENANT_FIELDS,
    TenantState,
    change_tenant,
    get_tenant,
    list_tenants,
    unset_tenant,
)
from skalds.system_controller.policy_text import shown_tenant

router = APIRouter(prefix="/api/tenants", tags=["tenants"])


@router.get("/", include_in_schema=False)
@router.get("", response_model=TenantList)
async def list_(parts: Parts) -> Response:
    """Lists every tenant that was set or has something running or waiting, by name."""
    found = await list_tenants(parts.policies, parts.cluster.live_runs.usage, parts.engine.lanes)
    return JsonResponse({"items": [_shown(tenant) for tenant in found], "total": len(found)})


@router.get("/{tenant}", response_model=TenantResponse, responses=errors(422))
async def get(tenant: str, parts: Parts) -> Response:
    """One tenant; one that nobody has named yet has the defaults."""
    return await _answer(parts, tenant)


@router.put(
    "/{tenant}", response_model=TenantResponse, responses=errors(422), openapi_extra=request_body("TenantChange")
)
async def put(tenant: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Sets the fields that are given; null is the default. Effective from the next pass, kept across restarts."""
    await change_tenant(parts.policies, tenant, body_fields(request, TENANT_FIELDS), actor)
    await settle(parts.dispatcher)
    return await _answer(parts, tenant)


@router.delete("/{tenant}", response_model=TenantResponse, responses=errors(422))
async def delete(tenant: str, request: Request, parts: Parts, actor: Actor) -> Response:
    """Goes back to the defaults."""
    expect_no_fields(request)
    await unset_tenant(parts.policies, tenant, actor)
    await settle(parts.dispatcher)
    return await _answer(parts, tenant)


async def _answer(parts: ApiParts, tenant: str) -> Response:
    usage = parts.cluster.live_runs.usage
    return JsonResponse(_shown(await get_tenant(parts.policies, usage, parts.engine.lanes, tenant)))


def _shown(tenant: TenantState) -> dict[str, Any]:
    return {
        "tenant": tenant.name,
        **shown_tenant(tenant.policy),
        "isSet": tenant.is_set,
        "running": tenant.running,
        "usedSlots": tenant.used_slots,
        "queued": tenant.queued,
    }
