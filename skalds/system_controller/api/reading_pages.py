"""Pages on which people read and try the API; all they load comes from this server."""

from importlib.resources import files
from mimetypes import guess_type
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_OPENAPI = "/api/openapi.json"
_FILES = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png"})
_STARTS = {
    "swagger.js": f'SwaggerUIBundle({{url: "{_OPENAPI}", dom_id: "#page", deepLinking: true, validatorUrl: null}});',
    "redoc.js": f'Redoc.init("{_OPENAPI}", {{}}, document.getElementById("page"));',
}
_POLICY = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "worker-src blob:; frame-ancestors 'none'"
}


@router.get("/api/docs")
async def swagger() -> Response:
    """Swagger UI."""
    return _page("swagger-ui-bundle.js", "swagger.js", '<link rel="stylesheet" href="/api/docs/swagger-ui.css">')


@router.get("/api/redoc")
async def redoc() -> Response:
    """Redoc."""
    return _page("redoc.standalone.js", "redoc.js")


@router.get("/api/docs/{name}")
def part(name: str) -> Response:
    """A file of the pages; the package `fastapi-offline` brings the large ones."""
    if name in _STARTS:
        return Response(_STARTS[name], media_type="text/javascript")
    if name not in _FILES:
        raise HTTPException(404)
    content = (files("fastapi_offline") / "static" / name).read_bytes()
    return Response(content, media_type=guess_type(name)[0])


def _page(script: str, start: str, more: str = "") -> HTMLResponse:
    head = f'<meta charset="utf-8"><title>Skalds API</title><link rel="icon" href="/api/docs/favicon.png">{more}'
    fallback = f'<p>Without scripts, read <a href="{_OPENAPI}">{_OPENAPI}</a>.</p>'
    scripts = "".join(f'<script src="/api/docs/{name}"></script>' for name in (script, start))
    parts: list[Any] = ["<!doctype html><html lang=en><head>", head, "</head><body><div id=page>", fallback, "</div>"]
    return HTMLResponse("".join([*parts, scripts, "</body></html>"]), headers=_POLICY)
