"""Event streams greet at once, stay open, and end when the client or the controller goes."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from tests.unit.system_controller.api.served import Served
from tests.unit.system_controller.events.listening import read


class Listener:
    """A client of one stream, as an ASGI server sees it."""

    def __init__(self, api: Served, path: str) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
        }
        self.answering = asyncio.ensure_future(api.app(scope, self._receive, self.messages.put))

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    def go(self) -> None:
        self._gone.set()


@pytest.mark.parametrize(
    ("path", "greeting"),
    [("/api/events/tasks", "Connected to Task events"), ("/api/events/skalds", "Connected to Skalds events")],
)
async def test_a_stream_begins_with_the_connection_frame_and_stays_open(api: Served, path: str, greeting: str) -> None:
    listener = Listener(api, path)

    start, first = await listener.messages.get(), await listener.messages.get()

    headers = dict(start["headers"])
    assert (start["status"], headers[b"content-type"]) == (200, b"text/event-stream")
    assert headers[b"cache-control"] == b"no-cache"
    assert not {b"access-control-allow-origin", b"content-encoding"} & set(headers)
    (frame,) = read(first["body"])
    assert frame.value == {"type": "connection", "message": greeting}
    assert frame.id.endswith("-0")
    assert (first["more_body"], len(api.parts.streams)) == (True, 1)
    listener.go()
    await listener.answering


async def test_a_stream_ends_when_its_client_goes(api: Served) -> None:
    listener = Listener(api, "/api/events/tasks")
    await listener.messages.get()

    listener.go()
    await listener.answering

    assert len(api.parts.streams) == 0


async def test_all_streams_end_when_the_controller_stops(api: Served) -> None:
    listeners = [Listener(api, f"/api/events/{kind}") for kind in ("tasks", "skalds", "tasks")]
    for listener in listeners:
        await listener.messages.get()

    api.parts.streams.close()
    await asyncio.gather(*(listener.answering for listener in listeners))

    assert len(api.parts.streams) == 0
