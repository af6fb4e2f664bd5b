"""Answers the busiest requests without what the router does for each: matching, dependencies, exit stacks.

    RequestGuard ──► DirectRoutes ──┬─ method and path stand in the table ──► the route's own function
                                    └─ anything else ──► FastAPI's router ──► the route's own function

Whatever stands in the table is an ordinary route as well, so that the OpenAPI document tells of it. The way through the
router took two fifths of what a submit costs the API (0.21 ms, measured), in the loop that dispatching shares.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from skalds.errors import SkaldsError
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.api.error_mapping import error_response

DirectTable = Mapping[tuple[str, str], Callable[[Request, ApiParts], Awaitable[Response]]]
"""Method and path of a route without parameters → its function."""


class DirectRoutes:
    """ASGI middleware, the innermost: behind it is only the router."""

    def __init__(self, app: ASGIApp, parts: ApiParts, table: DirectTable) -> None:
        self._app = app
        self._parts = parts
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._table.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await answer(Request(scope, receive), self._parts)
        except SkaldsError as error:
            response = error_response(error, scope["path"])
        await response(scope, receive, send)
