"""The OpenAPI document matches what is served."""

from typing import Any

from pydantic import TypeAdapter
from starlette.routing import Route

from skalds.system_controller.api.app import ROUTERS
from skalds.system_controller.api.schemas import SkaldResponse, TaskExplained, TaskResponse
from skalds.system_controller.operations.task_draft import SUBMITTABLE
from tests.unit.system_controller.api.served import Served

SAME_WITHOUT_SLASH = {
    *("/api/tasks", "/api/skalds", "/api/", "/api/dispatcher/"),
    *("/api/tenants/", "/api/limits/", "/api/reservations/", "/api/audit/"),
}


async def document(api: Served) -> dict[str, Any]:
    answer = await api.call("GET", "/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def served_operations() -> set[tuple[str, str]]:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, Route)]
    return {(route.path_format, method) for route in routes for method in route.methods or ()}


async def test_every_served_operation_is_described_and_no_other(api: Served) -> None:
    paths = (await document(api))["paths"]
    described = {(path, method.upper()) for path, operations in paths.items() for method in operations}

    served = served_operations()
    assert {(path, method) for path, method in served if path not in SAME_WITHOUT_SLASH} == described
    assert {path for path, _ in served} >= SAME_WITHOUT_SLASH


async def test_every_reference_leads_somewhere(api: Served) -> None:
    whole = await document(api)
    schemas = whole["components"]["schemas"]

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [ref for child in value.values() for ref in references(child)]
        return [ref for child in value for ref in references(child)] if isinstance(value, list) else []

    assert {ref.removeprefix("#/components/schemas/") for ref in references(whole)} <= set(schemas)


async def test_a_task_is_shown_exactly_as_described(api: Served) -> None:
    shown = (await api.call("POST", "/api/tasks", {"className": "Demo"})).json()

    described = (await document(api))["components"]["schemas"]["TaskResponse"]["properties"]
    assert set(shown) == set(described)
    TypeAdapter(TaskResponse).validate_python(shown)


async def test_a_node_is_shown_exactly_as_described(api: Served) -> None:
    api.add_node()

    shown = (await api.call("GET", "/api/skalds/node-1")).json()

    assert set(shown) == set((await document(api))["components"]["schemas"]["SkaldResponse"]["properties"])
    TypeAdapter(SkaldResponse).validate_python(shown)


async def test_an_explanation_is_shown_exactly_as_described(api: Served) -> None:
    api.add_node(classes=frozenset())
    await api.call("POST", "/api/tasks", {"className": "Demo", "id": "task-1"})

    shown = (await api.call("GET", "/api/tasks/task-1/explain")).json()

    assert set(shown) == set((await document(api))["components"]["schemas"]["TaskExplained"]["properties"])
    TypeAdapter(TaskExplained).validate_python(shown)


async def test_what_can_be_submitted_is_described(api: Served) -> None:
    schema = (await document(api))["components"]["schemas"]["TaskSubmission"]

    assert len(schema["properties"]) == len(SUBMITTABLE)
    assert schema["required"] == ["className"]
    example = {name: part["default"] for name, part in schema["properties"].items() if "default" in part}
    answer = await api.call("POST", "/api/tasks", {**example, "className": "Demo"})
    assert answer.status_code == 201, answer.text
