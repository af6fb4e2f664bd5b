"""Heads of requests on a real connection: how large, how slow, and with an upgrade nobody asked for."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from skalds.system_controller.api import bounded_head
from skalds.system_controller.api.request_guard import LARGEST_HEAD
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from tests.unit.system_controller.api.served import Served

HOST = b"Host: localhost\r\n"


@pytest.fixture
async def port(api: Served, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(bounded_head, "LINGER_SECONDS", 0.1)
    listening = ListeningSocket("127.0.0.1", 0)
    server = HttpServer(api.app, listening)
    await server.start()
    yield listening.port
    await server.stop()


async def answer_to(port: int, *pieces: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    answer = await reader.read()
    writer.close()
    return answer


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def head(size: int) -> bytes:
    """A request whose head counts `size` bytes: path, and names and values of headers."""
    fixed = len(b"/api" + b"host" + b"localhost" + b"connection" + b"close" + b"x")
    return b"GET /api HTTP/1.1\r\n" + HOST + b"Connection: close\r\nX: " + b"x" * (size - fixed) + b"\r\n\r\n"


async def test_a_head_of_the_largest_size_is_read_and_one_byte_more_is_not(port: int) -> None:
    # The marks between the parts count only while the head is incomplete, and here it arrives in pieces.
    assert status_of(await answer_to(port, head(LARGEST_HEAD - 100))) == 200
    assert status_of(await answer_to(port, head(LARGEST_HEAD + 1))) == 431


@pytest.mark.parametrize("endless", [b"GET /api HTTP/1.1\r\nX: ", b"GET /", b"GET /api HTTP/1.1\r\n" + HOST + b"A"])
async def test_a_head_without_an_end_is_cut_off(port: int, endless: bytes) -> None:
    answer = await answer_to(port, endless, *[b"a" * 10_000] * 20)

    assert status_of(answer) == 431
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "too_large"


async def test_a_head_that_takes_too_long_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_head, "HEAD_SECONDS", 0.05)

    assert status_of(await answer_to(port, b"GET /api HTTP/1.1\r\nX-Slow: ")) == 408
    assert status_of(await answer_to(port)) == 408


async def test_what_is_no_http_is_told_as_json(port: int) -> None:
    answer = await answer_to(port, b"\x16\x03\x01\x02\r\n\r\n")

    assert status_of(answer) == 400
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "bad_request"


async def test_an_upgrade_is_ignored_and_the_connection_goes_on(port: int, api: Served) -> None:
    upgrading = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    body = b'{"id":"task-1","className":"Demo"}'
    submit = b"POST /api/tasks HTTP/1.1\r\n" + HOST + upgrading + b"Content-Type: application/json\r\n"
    framed = submit + b"Content-Length: %d\r\n\r\n" % len(body)
    last = b"GET /api HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

    for pieces in ([framed + body + last], [framed, body, last]):
        answer = await answer_to(port, *pieces)
        assert [int(part[1:4]) for part in answer.split(b"HTTP/1.1")[1:]] in ([201, 200], [409, 200])
    assert await api.engine.catalog.get("task-1") is not None


async def test_who_asks_for_an_upgrade_may_still_ask_for_the_end(port: int) -> None:
    answer = await answer_to(
        port, b"GET /api HTTP/1.1\r\n" + HOST + b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n"
    )

    assert status_of(answer) == 200
    assert b"connection: close" in answer


async def test_many_upgrades_in_one_piece_are_answered_one_by_one(port: int) -> None:
    many = 1200
    upgrading = b"GET /api HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    last = b"GET /api HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

    answer = await answer_to(port, upgrading * many + last)

    assert answer.count(b"HTTP/1.1 200") == many + 1
