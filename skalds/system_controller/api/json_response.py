"""JSON answers, written by orjson."""

from typing import Any

import orjson
from starlette.responses import Response


class JsonResponse(Response):
    """Any JSON value as the body; made once, as bytes."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)
