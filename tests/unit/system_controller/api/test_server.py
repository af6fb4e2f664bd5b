"""The server on a real socket of this machine."""

import asyncio

import httpx
import pytest

from skalds.errors import ConfigurationError
from skalds.system_controller.api.server import HttpServer, ListeningSocket
from tests.unit.system_controller.api.served import Served


@pytest.fixture
def listening() -> ListeningSocket:
    return ListeningSocket("127.0.0.1", 0)


def test_port_zero_takes_a_free_one_and_tells_which(listening: ListeningSocket) -> None:
    assert listening.port > 0
    assert listening.url == f"http://127.0.0.1:{listening.port}"
    listening.close()


def test_a_taken_port_is_told_in_one_line_that_names_the_setting(listening: ListeningSocket) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ListeningSocket("127.0.0.1", listening.port)

    assert caught.value.fields["setting"] == "SYSTEM_CONTROLLER_PORT"
    assert str(listening.port) in caught.value.message
    assert "taken" in caught.value.message
    assert "\n" not in caught.value.message
    listening.close()


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_of_another_machine_is_refused_by_name(host: str) -> None:
    with pytest.raises(ConfigurationError, match="SYSTEM_CONTROLLER_HOST"):
        ListeningSocket(host, 0)


def test_a_socket_of_every_address_is_reached_at_the_loopback_one() -> None:
    listening = ListeningSocket("0.0.0.0", 0)

    assert listening.url == f"http://127.0.0.1:{listening.port}"
    listening.close()


async def test_it_answers_until_it_is_stopped(api: Served, listening: ListeningSocket) -> None:
    server = HttpServer(api.app, listening)
    await server.start()

    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        assert (await http.get("/api")).status_code == 200
        await server.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get("/api")


async def test_an_open_stream_does_not_hold_up_the_stop(api: Served, listening: ListeningSocket) -> None:
    server = HttpServer(api.app, listening)
    await server.start()
    url = f"{server.url}/api/events/tasks"

    async with (
        httpx.AsyncClient(trust_env=False) as http,
        http.stream("GET", url, headers={"host": "localhost"}) as stream,
    ):
        lines = stream.aiter_lines()
        assert "connection" in await anext(lines)
        assert (await anext(lines)).startswith("id: ")
        async with asyncio.timeout(4):
            await server.stop()
        assert [line async for line in lines if line] == []


async def test_whoever_sends_far_too_much_gets_to_see_the_answer(api: Served, listening: ListeningSocket) -> None:
    server = HttpServer(api.app, listening)
    await server.start()

    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        headers = {"content-type": "application/json"}
        answer = await http.post("/api/tasks", content=b" " * 20_000_000, headers=headers)

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    await server.stop()


async def test_stopping_a_server_that_never_started_gives_its_port_back(
    api: Served, listening: ListeningSocket
) -> None:
    await HttpServer(api.app, listening).stop()

    ListeningSocket("127.0.0.1", listening.port).close()
