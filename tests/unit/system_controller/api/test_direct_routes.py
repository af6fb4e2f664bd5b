"""The way past the router: the same answers, and nothing that the document does not tell of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from skalds.ports.task_intake import NO_LIMITS
from skalds.system_controller.api import tasks
from skalds.system_controller.api.direct_routes import DirectRoutes
from tests.unit.system_controller.api.served import Served, serve


@asynccontextmanager
async def without_direct_routes() -> AsyncIterator[Served]:
    async with serve() as served:
        direct = Middleware(DirectRoutes, parts=served.parts, table=tasks.DIRECT)
        kept = [layer for layer in served.app.user_middleware if layer.cls != direct.cls]
        assert len(kept) == len(served.app.user_middleware) - 1
        served.app.user_middleware = kept
        yield served


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/"])
@pytest.mark.parametrize(
    "body",
    [
        {"className": "Demo", "priority": 3, "attachments": {"a": [1]}},
        [{"className": "A"}, {"className": "B"}],
        [],
        {"className": 7, "prio": 1},
        [{"className": "A"}, {}],
        "text",
        None,
    ],
)
async def test_a_submit_is_answered_as_by_the_router(path: str, body: Any) -> None:
    async with serve() as direct, without_direct_routes() as routed:
        ours, its = await direct.call("POST", path, body), await routed.call("POST", path, body)

    assert (ours.status_code, ours.json()) == (its.status_code, its.json())
    assert set(ours.headers) == set(its.headers)
    assert ours.headers["content-type"] == its.headers["content-type"]


def test_every_direct_route_is_a_route_of_the_document() -> None:
    routes = [route for route in tasks.router.routes if isinstance(route, APIRoute)]
    served = {(method, route.path): route.endpoint for route in routes for method in route.methods or ()}

    assert dict(tasks.DIRECT) == {key: served.get(key) for key in tasks.DIRECT}


async def test_other_methods_of_the_path_go_to_the_router(api: Served) -> None:
    assert (await api.call("GET", "/api/tasks")).json()["total"] == 0
    assert (await api.call("PATCH", "/api/tasks")).json()["code"] == "method_not_allowed"


async def test_a_fault_is_answered_with_500_and_no_words_of_its_own(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_tasks: Sequence[Any], _limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Any]:
        raise RuntimeError("secret")

    monkeypatch.setattr(api.engine.intake, "submit", broken)
    answer = await api.call("POST", "/api/tasks", {"className": "Demo"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
