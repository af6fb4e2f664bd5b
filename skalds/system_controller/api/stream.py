"""Routes of event streams (SSE)."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from skalds.system_controller.api.dependencies import OpenStreams, Parts

router = APIRouter(prefix="/api/events", tags=["events"])

_HEADERS = {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "connection": "keep-alive",
    "x-accel-buffering": "no",
}
_IN_DOCS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream of events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("/tasks", response_class=StreamingResponse, responses=_IN_DOCS)
async def task_events(parts: Parts, task_id: str | None = None) -> Response:
    """What happens to tasks, or to one of them."""
    return _stream("Connected to Task events", parts.streams)


@router.get("/skalds", response_class=StreamingResponse, responses=_IN_DOCS)
async def skald_events(parts: Parts, skald_id: str | None = None) -> Response:
    """What happens to nodes, or to one of them."""
    return _stream("Connected to Skalds events", parts.streams)


def frame(value: dict[str, Any]) -> bytes:
    """One event: unnamed, its JSON in one `data:` line."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _stream(greeting: str, streams: OpenStreams) -> Response:
    return StreamingResponse(_events(greeting, streams), headers=_HEADERS)


async def _events(greeting: str, streams: OpenStreams) -> AsyncIterator[bytes]:
    with streams:
        yield frame({"type": "connection", "message": greeting})
        await streams.wait_closing()
