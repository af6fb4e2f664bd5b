"""Puts the HTTP API together."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response

from skalds import __version__
from skalds.errors import FieldProblem, SkaldsError, ValidationFailed
from skalds.system_controller.api import (
    audit,
    dispatcher,
    limits,
    nodes,
    reading_pages,
    reservations,
    root,
    stream,
    system,
    tasks,
    tenants,
)
from skalds.system_controller.api.answer_stamp import AnswerStamp
from skalds.system_controller.api.dependencies import ApiParts
from skalds.system_controller.api.direct_routes import DirectRoutes
from skalds.system_controller.api.error_mapping import (
    HttpRefusal,
    error_response,
    refusal_response,
    unknown_path_response,
)
from skalds.system_controller.api.openapi import SkaldsApi
from skalds.system_controller.api.request_guard import AccessRule, RequestGuard

_GZIP_FROM = 1000
_GZIP_LEVEL = 1  # a batch of 500 answers compresses in a few ms; higher levels cost more than the network saves

ROUTERS = (
    root.router,
    tasks.router,
    nodes.router,
    system.router,
    dispatcher.router,
    tenants.router,
    limits.router,
    reservations.router,
    audit.router,
    stream.router,
)

_MESSAGES = {"extra_forbidden": "there is no parameter of this name"}


def create_app(parts: ApiParts) -> FastAPI:
    """The API of the controller that `parts` belong to."""
    app = SkaldsApi(
        title="Skalds System Controller",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    for router in (*ROUTERS, reading_pages.router):
        # As they are: to include a router derives each of its routes anew, for every app, when it is first asked for.
        app.router.routes.extend(router.routes)
    app.add_exception_handler(SkaldsError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    # The last added is the outermost.
    app.add_middleware(DirectRoutes, parts=parts, table=tasks.DIRECT)
    app.add_middleware(RequestGuard, rule=AccessRule(parts.settings.skalds_token, parts.loopback_only))
    app.add_middleware(GZipMiddleware, minimum_size=_GZIP_FROM, compresslevel=_GZIP_LEVEL)
    app.add_middleware(AnswerStamp, clock=parts.clock)
    return app


async def _answer_error(request: Request, error: Any) -> Response:
    return error_response(error, request.url.path)


async def _answer_invalid(request: Request, error: Any) -> Response:
    """Parameters that FastAPI found wrong."""
    problems = [
        FieldProblem(".".join(str(part)[:80] for part in detail["loc"]), _MESSAGES.get(detail["type"], detail["msg"]))
        for detail in error.errors()
    ]
    return error_response(ValidationFailed(problems), request.url.path)


async def _answer_http(request: Request, error: Any) -> Response:
    """What Starlette itself refuses: unknown paths and methods."""
    path = request.url.path
    if error.status_code == 404:
        return unknown_path_response(path)
    code = "method_not_allowed" if error.status_code == 405 else "http_error"
    return refusal_response(HttpRefusal(error.status_code, code, str(error.detail), error.headers or {}), path)
