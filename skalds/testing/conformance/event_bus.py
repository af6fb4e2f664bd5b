# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `EventBus`."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest

from skalds.model.event import TaskEvent, Topic
from skalds.ports.engine import Engine
from skalds.ports.event_bus import BusMessage


class EventBusSuite:
    """What `EventBus` promises."""

    knows_listeners: ClassVar[bool] = True
    """Whether the bus can tell that nobody listens to an id; one that keeps messages for later cannot."""

    @pytest.fixture
    def listeners_known(self) -> None:
        if not self.knows_listeners:
            pytest.skip("this bus cannot tell that nobody listens")

    async def test_message_reaches_the_node_named(self, engine: Engine, other: Engine) -> None:
        async with other.bus.listen("node-1") as inbox, other.bus.listen("node-2") as neighbour:
            sent = [_message("node-1", "a", topic=topic) for topic in Topic]
            assert list(await engine.bus.announce([*sent, _message("node-2", "b")])) == []
            # What goes by different topics may overtake.
            assert sorted([await _next(inbox) for _ in sent], key=_topic) == sorted(sent, key=_topic)
            assert await _next(neighbour) == _message("node-2", "b")

    async def test_message_without_recipient_comes_back(self, engine: Engine, other: Engine) -> None:
        lost = [_message(None, "b")]
        async with other.bus.listen("node-1") as inbox:
            assert list(await engine.bus.announce([*lost, _message("node-1", "a")])) == lost
            assert await _next(inbox) == _message("node-1", "a")

    @pytest.mark.usefixtures("listeners_known")
    async def test_message_to_nobody_comes_back(self, engine: Engine) -> None:
        lost = [_message("node-1", "a"), _message("node-2", "b")]
        assert list(await engine.bus.announce(lost)) == lost

    @pytest.mark.usefixtures("listeners_known")
    async def test_message_to_a_node_that_stopped_listening_comes_back(self, engine: Engine, other: Engine) -> None:
        async with other.bus.listen("node-1"):
            pass
        lost = [_message("node-1", "a")]
        assert list(await engine.bus.announce(lost)) == lost

    async def test_listening_ends_with_the_context(self, other: Engine) -> None:
        async with other.bus.listen("node-1") as inbox:
            pass
        assert [message async for message in inbox] == []

    async def test_any_id_can_listen(self, engine: Engine, other: Engine) -> None:
        node_id = "../" + "né/x:\n" * 40
        async with other.bus.listen(node_id) as inbox:
            assert list(await engine.bus.announce([_message(node_id, "a")])) == []
            assert await _next(inbox) == _message(node_id, "a")

    async def test_message_of_any_size_names_all_its_tasks(self, engine: Engine, other: Engine) -> None:
        ids = [f"{number:0100}" for number in range(5_000)]
        async with other.bus.listen("node-1") as inbox:
            announce = asyncio.ensure_future(engine.bus.announce([_message("node-1", *ids)]))
            lost = [id_ for message in await announce for id_ in message.event.task_ids]
            received: list[str] = []
            while len(received) < len(ids) - len(lost):
                received.extend((await _next(inbox)).event.task_ids)
        assert received + lost == ids

    async def test_newest_listener_of_an_id_receives(self, engine: Engine, other: Engine) -> None:
        async with other.bus.listen("node-1"), engine.bus.listen("node-1") as newer:
            assert list(await engine.bus.announce([_message("node-1", "a")])) == []
            assert await _next(newer) == _message("node-1", "a")

    async def test_older_listener_that_ends_does_not_disturb_the_newer(self, engine: Engine, other: Engine) -> None:
        older = other.bus.listen("node-1")
        await older.__aenter__()
        async with engine.bus.listen("node-1") as newer:
            await older.__aexit__(None, None, None)
            assert list(await engine.bus.announce([_message("node-1", "a")])) == []
            assert await _next(newer) == _message("node-1", "a")

    async def test_flood_raises_nothing(self, engine: Engine, other: Engine) -> None:
        async with other.bus.listen("node-1"):
            for _ in range(2_000):
                await engine.bus.announce([_message("node-1", "a")])


def _message(recipient: str | None, *task_ids: str, topic: Topic = Topic.ASSIGN) -> BusMessage:
    event = TaskEvent(recipient=recipient, task_ids=list(task_ids), create_date_time=1, update_date_time=2, id="e")
    return BusMessage(topic, event)


def _topic(message: BusMessage) -> str:
    return message.topic.value


async def _next(inbox: AsyncIterator[BusMessage]) -> BusMessage:
    async with asyncio.timeout(5):
        return await anext(inbox)
