"""Routes of event streams (SSE)."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from skalds.ports.clock import Clock
from skalds.system_controller.api.dependencies import ApiParts, Parts
from skalds.system_controller.api.event_stream import EventStream
from skalds.system_controller.api.json_response import JsonResponse
from skalds.system_controller.events import frames
from skalds.system_controller.events.node_events import NodeEvents
from skalds.system_controller.events.subscription import Subscription
from skalds.system_controller.events.task_events import TaskEvents

router = APIRouter(prefix="/api/events", tags=["events"])

_TEST_INTERVAL_SECONDS = 5.0
_IN_DOCS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream of events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}

LastEventId = Annotated[str, Header(description="Resumes after this event, or begins with a `reset`.")]


@router.get("/tasks", response_class=StreamingResponse, responses=_IN_DOCS)
async def task_events(parts: Parts, task_id: str | None = None, last_event_id: LastEventId = "") -> Response:
    """What happens to tasks, or to one of them."""
    return _stream(parts, parts.events.tasks, task_id, last_event_id)


@router.get("/skalds", response_class=StreamingResponse, responses=_IN_DOCS)
async def skald_events(parts: Parts, skald_id: str | None = None, last_event_id: LastEventId = "") -> Response:
    """What happens to nodes, or to one of them."""
    return _stream(parts, parts.events.nodes, skald_id, last_event_id)


@router.get("/test", response_class=StreamingResponse, responses=_IN_DOCS)
async def test_events(parts: Parts) -> Response:
    """A message every five seconds, to try a client."""
    messages = _TestMessages(parts.clock)
    return EventStream(messages.open, messages.close, parts.streams)


@router.get("/status", response_model=dict[str, Any])
async def status(parts: Parts) -> Response:
    """How many clients listen."""
    answer = {"connectedClients": len(parts.streams), "timestamp": parts.clock.wall_ms(), "status": "active"}
    return JsonResponse(answer)


def _stream(parts: ApiParts, events: TaskEvents | NodeEvents, key: str | None, last_id: str) -> Response:
    def open_(on_change: Callable[[], None]) -> Subscription:
        subscription = Subscription(on_change, key or None)
        events.subscribe(subscription, last_id)
        return subscription

    def close(subscription: Subscription) -> None:
        events.broadcaster.leave(subscription, parts.clock.monotonic())

    return EventStream(open_, close, parts.streams)


class _TestMessages:
    """Counts, every few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counting: asyncio.Task[None] | None = None

    def open(self, on_change: Callable[[], None]) -> Subscription:
        subscription = Subscription(on_change)
        self._counting = asyncio.create_task(self._count(subscription), name="test events")
        return subscription

    def close(self, _: Subscription) -> None:
        if self._counting is not None:
            self._counting.cancel()

    async def _count(self, subscription: Subscription) -> None:
        number = 0
        while not subscription.is_cut:
            number += 1
            subscription.offer(frames.encode(frames.test_message(number, self._clock.wall_ms())))
            await self._clock.sleep(_TEST_INTERVAL_SECONDS)
