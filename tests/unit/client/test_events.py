"""The client follows streams across lost connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from skalds.client import SkaldsClient
from skalds.client.event_parser import EventParser
from skalds.errors import SkaldsError
from tests.unit.system_controller.api.served import LOCAL, serve
from tests.unit.system_controller.api.streaming import Streaming


@pytest.fixture
async def streaming() -> AsyncIterator[Streaming]:
    async with serve() as api:
        made = Streaming(api)
        async with asyncio.timeout(20), made.serve():
            yield made


async def test_events_of_a_real_controller_arrive_as_they_happen(streaming: Streaming) -> None:
    async with (
        SkaldsClient(f"http://127.0.0.1:{streaming.port}") as client,
        aclosing(client.events(only="b")) as events,
    ):
        assert (await anext(events))["type"] == "connection"
        await streaming.submit("a", "b")

        assert (await anext(events))["taskId"] == "b"


async def test_nodes_can_be_followed_too(streaming: Streaming) -> None:
    streaming.api.add_node(id="n")
    async with (
        SkaldsClient(f"http://127.0.0.1:{streaming.port}") as client,
        aclosing(client.events("skalds", only="n")) as events,
    ):
        assert [(await anext(events))["type"] for _ in range(3)] == ["connection", "skald_status", "skald_heartbeat"]


class Scripted:
    """A controller that answers each request with the next of its parts, and notes what it was asked."""

    def __init__(self, *parts: bytes | Exception | httpx.Response) -> None:
        self._parts = list(parts)
        self.last_ids: list[str] = []

    def client(self) -> SkaldsClient:
        return SkaldsClient(LOCAL, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.last_ids.append(request.headers.get("last-event-id", ""))
        part = self._parts.pop(0)
        if isinstance(part, Exception):
            raise part
        return part if isinstance(part, httpx.Response) else httpx.Response(200, stream=Broken(part))


class Broken(httpx.AsyncByteStream):
    """A body that breaks off."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data
        raise httpx.ReadError("gone")


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skalds.client.event_calls._FIRST_PAUSE", 0)


async def take(client: SkaldsClient, count: int) -> list[dict[str, Any]]:
    async with client, aclosing(client.events()) as events:
        return [await anext(events) for _ in range(count)]


@pytest.mark.usefixtures("no_pause")
async def test_a_broken_connection_is_resumed_where_it_ended() -> None:
    controller = Scripted(
        b'data: {"n":1}\nid: e-1\n\ndata: {"n":2}\nid: e-2\n\n: keep-alive\nid: e-4\n\ndata: {"n":5}\nid: e-',
        httpx.ConnectError("restarting"),
        httpx.Response(503, json={"code": "store_unavailable", "message": "down", "fields": {}}),
        b'data: {"n":5}\nid: e-5\n\n',
    )

    assert await take(controller.client(), 3) == [{"n": 1}, {"n": 2}, {"n": 5}]
    assert controller.last_ids == ["", "e-4", "e-4", "e-4"]


async def test_a_controller_that_is_not_there_at_first_is_an_error() -> None:
    with pytest.raises(SkaldsError, match="cannot be reached"):
        await take(Scripted(httpx.ConnectError("refused")).client(), 1)


@pytest.mark.usefixtures("no_pause")
async def test_a_refusal_is_an_error_later_too() -> None:
    body = {"code": "unauthorized", "message": "This needs a valid token", "fields": {}}
    controller = Scripted(b'data: {"n":1}\n\n', httpx.Response(401, json=body))

    with pytest.raises(SkaldsError, match="valid token"):
        await take(controller.client(), 2)


def test_events_are_found_however_the_bytes_are_cut() -> None:
    whole = b'data: {"n":1}\nid: e-1\n\n: keep-alive\n\ndata: two\ndata: lines\n\nid: e-3\n\n'
    for size in range(1, len(whole)):
        parser = EventParser()
        found = [data for at in range(0, len(whole), size) for data in parser.feed(whole[at : at + size])]
        assert (found, parser.last_id) == ([b'{"n":1}', b"two\nlines"], "e-3")
