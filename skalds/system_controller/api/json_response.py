"""JSON answers, written by orjson."""

import json
from typing import Any

import orjson
from starlette.responses import Response


class JsonResponse(Response):
    """Any JSON value as the body; made once, as bytes."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)

    def render(self, content: Any) -> bytes:
        try:
            return orjson.dumps(content)
        except TypeError:
            # Rows written by others can hold integers or text that orjson refuses; slower, but they are shown.
            return json.dumps(content, default=str).encode()
