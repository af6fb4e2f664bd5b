"""The stream of nodes: every node at first, then who comes and goes, and their heartbeats."""

import pytest

from skalds.system_controller.events.broadcaster import LINGER_SECONDS
from skalds.system_controller.events.node_events import NodeEvents
from tests.unit.system_controller.events.listening import Listener
from tests.unit.system_controller.world import Replica, World


class Streaming:
    """A controller whose stream of nodes is driven by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.replica = Replica(world)
        self.events = NodeEvents("e", self.replica.cluster, world.clock)

    def listen(self, node_id: str | None = None, last_id: str = "") -> Listener:
        return Listener(self.events, node_id, last_id)

    async def look(self) -> None:
        await self.replica.observe()
        self.events.follow()

    async def live_for(self, seconds: int, beating: dict[str, int]) -> None:
        for _ in range(seconds):
            await self.world.clock.advance(1)
            for name, session in beating.items():
                await self.world.beat(name, session)
            await self.look()
            await self.replica.recovery.run_once()


@pytest.fixture
def streaming(world: World) -> Streaming:
    return Streaming(world)


async def test_a_listener_begins_with_every_node_as_it_stands(world: World, streaming: Streaming) -> None:
    await world.join("a")
    await world.join("b", slots=0)
    await world.submit("t")
    await streaming.replica.dispatch()
    await streaming.look()

    read = streaming.listen().read()

    assert [frame.type for frame in read] == ["connection"] + ["skald_status"] * 2 + ["skald_heartbeat"] * 2 + [""]
    told = [frame.value for frame in read if frame.value]
    assert [(v["skaldId"], v["data"]) for v in told[1:3]] == [
        ("a", {"status": "online", "taskCount": 1}),
        ("b", {"status": "online", "taskCount": 0}),
    ]
    assert told[3]["data"] == {"heartbeat": 1, "status": "online", "tasks": ["t"]}
    assert [frame.id for frame in read if frame.id] == ["e-0"]


async def test_a_node_that_comes_and_is_lost_is_told_once_each(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    assert listener.types() == ["connection"]
    session = await world.join("a")
    await streaming.look()
    await streaming.look()
    (joined,) = listener.read()

    await streaming.live_for(15, {})

    (lost,) = listener.read()
    data = [frame.value["data"] for frame in (joined, lost) if frame.value]
    assert data == [{"status": "online", "taskCount": 0}, {"status": "offline", "taskCount": 0}]
    assert (joined.id, lost.id, session) == ("e-1", "e-2", 1)


async def test_a_node_that_leaves_is_offline_and_forgotten(world: World, streaming: Streaming) -> None:
    session = await world.join("a")
    await streaming.look()
    listener = streaming.listen()
    listener.read()
    await world.engine.directory.leave("a", session)

    await streaming.look()
    await streaming.look()

    assert [v["data"] for v in listener.values()] == [{"status": "offline", "taskCount": 0}]


async def test_heartbeats_are_told_when_they_change(world: World, streaming: Streaming) -> None:
    session = await world.join("a")
    await streaming.look()
    listener, watching, other = streaming.listen(), streaming.listen("a"), streaming.listen("b")
    for each in (listener, watching, other):
        each.read()

    streaming.events.publish_heartbeats()
    listener.read(), watching.read()
    streaming.events.publish_heartbeats()
    assert listener.read() == []
    await world.beat("a", session)
    await streaming.look()
    streaming.events.publish_heartbeats()

    assert [v["data"] for v in listener.values()] == [{"heartbeat": 2, "status": "online", "tasks": []}]
    assert watching.types() == ["skald_heartbeat"]
    assert other.types() == []


async def test_one_node_can_be_followed_alone(world: World, streaming: Streaming) -> None:
    await world.join("a")
    await world.join("b")
    await streaming.look()

    listener = streaming.listen("b")

    assert {v.get("skaldId") for v in listener.values()} == {None, "b"}


async def test_a_listener_resumes_with_who_came_and_went(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    listener.read()
    listener.leave(streaming.events.broadcaster, world.clock.monotonic())
    session = await world.join("a")
    await streaming.look()
    await world.engine.directory.leave("a", session)
    await streaming.look()

    back = streaming.listen(last_id=listener.last_id)

    assert [v["data"]["status"] for v in back.values()[1:]] == ["online", "offline"]


async def test_a_listener_that_returns_late_gets_a_reset_and_every_node(world: World, streaming: Streaming) -> None:
    await world.join("a")
    await streaming.look()
    listener = streaming.listen()
    listener.read()
    listener.leave(streaming.events.broadcaster, world.clock.monotonic())
    await world.clock.advance(LINGER_SECONDS + 1)

    # Whether a look or the listener itself finds out that nobody was there.
    back = streaming.listen(last_id=listener.last_id)

    assert back.types() == ["connection", "reset", "skald_status", "skald_heartbeat", ""]
    assert back.last_id == "e-1"


async def test_the_picture_is_made_once_for_many(world: World, streaming: Streaming) -> None:
    await world.join("a")
    await streaming.look()

    one, other = streaming.listen(), streaming.listen()

    assert one.subscription._waiting[1].data is other.subscription._waiting[1].data
    await world.join("b")
    await streaming.look()
    assert [v.get("skaldId") for v in streaming.listen().values()] == [None, "a", "b", "a", "b"]
