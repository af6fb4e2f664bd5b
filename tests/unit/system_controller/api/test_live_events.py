"""Event streams over a real server: what clients see, however slowly they read (S17)."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from skalds.model.run_change import Change
from skalds.system_controller.events import frames, subscription
from skalds.system_controller.events.event_log import Event
from tests.unit.system_controller.api.served import Served
from tests.unit.system_controller.api.streaming import Streaming

PATIENCE = 20


@pytest.fixture
async def streaming(api: Served) -> AsyncIterator[Streaming]:
    made = Streaming(api)
    async with asyncio.timeout(PATIENCE), made.serve():
        yield made


async def test_changes_arrive_as_they_happen(streaming: Streaming) -> None:
    async with streaming.client() as client:
        assert (await client.next_value())["type"] == "connection"
        await streaming.submit("a")

        frame = await client.next()

    assert frame.type == "task_status"
    assert frame.value is not None
    assert frame.value["taskId"] == "a"
    assert frame.value["timestamp"] == streaming.api.clock.wall_ms()
    assert frame.id.endswith("-1")


async def test_headers_are_those_of_a_stream_and_open_no_other_origin(streaming: Streaming) -> None:
    async with streaming.client() as client:
        head = client.head.lower()

    assert head.startswith("http/1.1 200")
    assert "content-type: text/event-stream" in head
    assert "cache-control: no-cache" in head
    assert "access-control" not in head


async def test_an_ordinary_http_client_reads_the_stream_line_by_line(streaming: Streaming) -> None:
    url = f"http://127.0.0.1:{streaming.port}/api/events/tasks"
    async with httpx.AsyncClient(trust_env=False) as http, http.stream("GET", url, params={"task_id": "b"}) as answer:
        lines = answer.aiter_lines()
        greeting = [await anext(lines) for _ in range(3)]
        await streaming.submit("a", "b")
        news = [await anext(lines) for _ in range(3)]

    assert greeting[0] == 'data: {"type":"connection","message":"Connected to Task events"}'
    assert greeting[1].startswith("id: ")
    assert '"taskId":"b"' in news[0]
    assert (news[1][:4], news[2]) == ("id: ", "")


async def test_a_client_that_reconnects_misses_nothing(streaming: Streaming) -> None:
    async with streaming.client() as first:
        await first.next()
        await streaming.submit("a")
        await first.next()
    await streaming.submit("b", "c")

    async with streaming.client(last_id=first.last_id) as second:
        values = await second.until("task_status", 2)

    assert [value.get("taskId") for value in values] == [None, "b", "c"]


@pytest.mark.parametrize("path", ["/api/events/tasks", "/api/events/skalds"])
@pytest.mark.parametrize("last_id", ["elsewhere-3", "garbage", "x" * 5_000])
async def test_an_id_of_no_use_is_answered_with_a_reset(streaming: Streaming, path: str, last_id: str) -> None:
    async with streaming.client(path, last_id) as client:
        assert [value["type"] for value in await client.until("reset")] == ["connection", "reset"]


async def test_silence_is_broken_every_fifteen_seconds(streaming: Streaming) -> None:
    async with streaming.client() as tasks, streaming.client("/api/events/skalds") as nodes:
        await tasks.next(), await nodes.next()
        await streaming.api.clock.advance(15)

        assert [(await client.next()).value for client in (tasks, nodes)] == [None, None]


async def test_the_test_stream_counts_every_five_seconds(streaming: Streaming) -> None:
    async with streaming.client("/api/events/test") as client:
        first = await client.next_value()
        await streaming.api.clock.advance(5)
        second = await client.next_value()

    assert (first["type"], first["message"], second["message"]) == ("test", "Test message 1", "Test message 2")


async def test_the_status_counts_clients(streaming: Streaming) -> None:
    async with streaming.client(), streaming.client("/api/events/skalds"):
        answer = await streaming.api.call("GET", "/api/events/status")

    now = streaming.api.clock.wall_ms()
    assert answer.json() == {"connectedClients": 2, "timestamp": now, "status": "active"}
    await streaming.until_listeners(0)


async def test_a_stalled_client_is_cut_and_the_others_get_everything(
    streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "MOST_BYTES_WAITING", 64 * 1024)
    async with streaming.client(receive_buffer=4096) as stalled, streaming.client() as healthy:
        await healthy.next()
        await streaming.until_listeners(2)
        submitted = 0
        while len(streaming.api.parts.streams) == 2:
            names = [f"t{submitted + number:05}-" for number in range(50)]
            await streaming.submit(*names, length=400)
            submitted += len(names)
            values = await healthy.until("task_status", len(names))
            assert [value["taskId"][:7] for value in values] == names

        # The cut one finds its connection broken, and misses nothing when it comes back.
        seen = await stalled.until_cut()
        assert seen < submitted
    async with streaming.client(last_id=stalled.last_id) as back:
        values = await back.until("task_status", submitted - int(stalled.last_id.rpartition("-")[2]))
    assert values[-1]["taskId"] == names[-1].ljust(400, "x")


async def test_a_client_that_stalls_in_a_quiet_system_is_cut_by_keep_alives(streaming: Streaming) -> None:
    async with streaming.client(receive_buffer=4096):
        await streaming.until_listeners(1)
        # More than all buffers on the way hold, but not more than the subscription's own.
        for part in range(6):
            await streaming.submit(*(f"{part}-{number}-" for number in range(200)), length=1_000)
            await streaming.told()
            await asyncio.sleep(0.01)
        for _ in range(3):
            assert len(streaming.api.parts.streams) in (0, 1)
            await streaming.api.clock.advance(15)
        await streaming.until_listeners(0)


async def test_one_stalled_client_among_many_holds_up_nobody(
    streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "MOST_BYTES_WAITING", 64 * 1024)
    clients = [streaming.client() for _ in range(40)]
    for client in clients:
        await client.__aenter__()
    async with streaming.client(receive_buffer=4096):
        for part in range(20):
            await streaming.submit(*(f"{part}-{number}-" for number in range(100)), length=300)
            await asyncio.gather(*(client.until("task_status", 100) for client in clients))
        await streaming.until_listeners(40)
    for client in clients:
        await client.__aexit__()


async def test_a_stalled_client_does_not_hold_up_the_stop(
    streaming: Streaming, api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with streaming.client(receive_buffer=4096):
        await streaming.until_listeners(1)
        for part in range(6):
            await streaming.submit(*(f"{part}-{number}-" for number in range(200)), length=1_000)
            await streaming.told()
            await asyncio.sleep(0.01)

        async with asyncio.timeout(3):
            api.parts.streams.close()
            await streaming.until_listeners(0)


async def test_a_client_whose_data_is_stuck_below_us_does_not_hold_up_the_stop(streaming: Streaming) -> None:
    async with streaming.client(receive_buffer=4096):
        await streaming.until_listeners(1)
        broadcaster = streaming.api.parts.events.tasks.broadcaster
        # All of it goes to the transport at once; nothing waits in the subscription.
        text = frames.encode({"type": "large", "text": "x" * 8_000_000}, broadcaster.log.id_of(1))
        broadcaster.publish([Event("a", text, 1)])
        await asyncio.sleep(0.05)

        async with asyncio.timeout(3):
            streaming.api.parts.streams.close()
            await streaming.until_listeners(0)


async def test_unread_changes_of_a_task_end_with_its_client(streaming: Streaming) -> None:
    async with streaming.client("/api/events/tasks?task_id=b") as client:
        await client.next()
        await streaming.submit("a", "b")
        task = await streaming.api.engine.catalog.get("b")
        assert task is not None
        after = task.changed(1, lifecycle_status="Cancelled", final=True)
        await streaming.api.engine.ledger.write([Change(task, after)], durable=True)
        await streaming.api.tail.run_once()

        values = await client.until("task_status", 2)

    assert [value["data"].get("lifecycleStatus") for value in values] == ["Created", "Cancelled", "Cancelled"]
    await streaming.until_listeners(0)
