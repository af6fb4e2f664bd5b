"""The stream of tasks: status changes in order, errors with their text, heartbeats of those that run."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from skalds.errors import StoreUnavailable
from skalds.model.run_change import RunChange
from skalds.model.task import RunError, Task
from skalds.planning import lifecycle
from skalds.system_controller.events import task_events
from skalds.system_controller.events.broadcaster import LINGER_SECONDS
from skalds.system_controller.events.task_events import TaskEvents
from tests.unit.system_controller.events.listening import Listener
from tests.unit.system_controller.world import Replica, World


class Streaming:
    """A controller whose stream of tasks is driven by hand."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.replica = Replica(world)
        engine, tail = self.replica.around.engine, self.replica.tail
        self.events = TaskEvents("e", self.replica.cluster, engine.catalog, world.clock, lambda: tail.position)
        tail.listeners.append(self._follow)

    def _follow(self, changes: Sequence[RunChange]) -> None:
        self.events.follow(changes)

    def listen(self, task_id: str | None = None, last_id: str = "") -> Listener:
        return Listener(self.events, task_id, last_id)

    async def tell(self) -> None:
        """Reads the feed and tells of what is new."""
        await self.replica.tail.run_once()
        while await self.events.publish_pending():
            pass

    async def run(self, *names: str) -> int:
        """Submits tasks and lets a node run them; returns its session."""
        session = await self.world.join("n1", slots=0)
        await self.world.submit(*names)
        await self.replica.dispatch()
        await self.world.accept(*names)
        await self.replica.observe()
        return session


@pytest.fixture
async def streaming(world: World) -> Streaming:
    made = Streaming(world)
    await made.tell()
    return made


def failed(task: Task, now: int) -> Task | lifecycle.Refused:
    error = RunError(type="ValueError", message=f"no {task.id}")
    return lifecycle.fail(task, now, error=error, started=now, ended=now, jitter=0.0)


def statuses(listener: Listener) -> list[str]:
    return [v["data"]["lifecycleStatus"] for v in listener.values() if v["type"] == "task_status"]


async def test_a_task_is_followed_from_its_submit_to_its_end(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await streaming.run("t")
    await world.finish("t")

    await streaming.tell()

    told = listener.values()
    assert [value["type"] for value in told] == ["connection"] + ["task_status"] * 3 + ["task_heartbeat", "task_status"]
    data = [value["data"] for value in told[1:]]
    assert [d["lifecycleStatus"] for d in data] == ["Created", "Assigning", "Running", "Finished", "Finished"]
    assert data[3] == {"heartbeat": 200, "lifecycleStatus": "Finished"}
    assert data[2] == {"lifecycleStatus": "Running", "attempt": 1, "rev": 2, "final": False, "executor": "n1"}
    assert data[4]["final"]


async def test_ids_are_positions_of_the_feed_on_the_last_frame_of_a_change(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await streaming.run("t")
    await world.finish("t")

    await streaming.tell()

    assert [frame.id for frame in listener.read()] == ["e-0", "e-1", "e-2", "e-3", "", "e-4"]


async def test_the_error_of_a_run_is_told_with_its_text(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await streaming.run("a", "b")
    await streaming.tell()
    listener.read()
    await world.move("a", failed)

    await streaming.tell()

    told = listener.values()
    assert [value["type"] for value in told] == ["task_heartbeat", "task_exception", "task_status"]
    assert told[0]["data"] == {"heartbeat": -1, "lifecycleStatus": "Failed"}
    assert told[1]["data"] == {"exception": "no a", "lifecycleStatus": "Failed"}


async def test_a_cancelled_task_ends_with_its_heartbeat(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await world.submit("t")
    await world.move("t", lifecycle.cancel)

    await streaming.tell()

    assert [v["data"].get("heartbeat") for v in listener.values()[1:]] == [None, -2, None]


async def test_versions_that_change_no_status_are_not_told_but_passed(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await streaming.run("t")
    await streaming.tell()
    listener.read()
    await world.move("t", lambda task, now: task.changed(now, progress={"fraction": 0.5, "message": ""}))

    await streaming.tell()

    assert (listener.read(), streaming.events.broadcaster.log.position) == ([], 4)


async def test_each_run_of_a_retried_task_is_told(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    await streaming.run("t")
    await world.move("t", failed)
    await world.move("t", lifecycle.release)
    await world.clock.advance(2)
    await world.beat("n1", 1)
    await streaming.replica.dispatch()
    await streaming.tell()

    assert statuses(listener) == ["Created", "Assigning", "Running", "Failed", "Assigning"]


async def test_one_task_can_be_followed_alone(world: World, streaming: Streaming) -> None:
    listener = streaming.listen("b")
    await streaming.run("a", "b")

    await streaming.tell()

    assert {v["taskId"] for v in listener.values()[1:]} == {"b"}


async def test_nothing_is_done_while_nobody_listens(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_nothing(*_: Any) -> list[Task]:
        raise AssertionError("texts were read for nobody")

    monkeypatch.setattr(world.engine.catalog, "get_many", read_nothing)
    await streaming.run("t")
    await world.move("t", failed)

    await streaming.tell()
    streaming.events.publish_heartbeats()

    log = streaming.events.broadcaster.log
    assert (len(log), log.position) == (0, 4)


async def test_a_listener_that_returns_soon_resumes_even_if_it_was_the_only_one(
    world: World, streaming: Streaming
) -> None:
    listener = streaming.listen()
    listener.read()
    listener.leave(streaming.events.broadcaster, world.clock.monotonic())
    await world.submit("t")
    await streaming.tell()

    assert streaming.listen(last_id=listener.last_id).types() == ["connection", "task_status"]


async def test_a_listener_that_returns_late_is_told_to_read_everything(world: World, streaming: Streaming) -> None:
    listener = streaming.listen()
    listener.read()
    listener.leave(streaming.events.broadcaster, world.clock.monotonic())
    await world.clock.advance(LINGER_SECONDS + 1)
    await world.submit("t")
    await streaming.tell()

    assert streaming.listen(last_id=listener.last_id).types() == ["connection", "reset"]


async def test_when_the_feed_was_trimmed_listeners_are_told_to_read_everything(
    world: World, streaming: Streaming
) -> None:
    listener = streaming.listen()
    listener.read()
    await world.submit("a", "b", "c")
    await world.engine.ledger.trim_feed(1)

    await streaming.tell()

    assert [(frame.type, frame.id) for frame in listener.read()] == [("reset", "e-3")]


async def test_too_many_changes_at_once_become_a_reset(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_events, "MOST_PENDING", 3)
    listener = streaming.listen()
    listener.read()
    await world.submit(*"abcd")

    await streaming.tell()

    assert [(frame.type, frame.id) for frame in listener.read()] == [("reset", "e-4")]
    await world.submit("e")
    await streaming.tell()
    assert statuses(listener) == ["Created"]


async def test_texts_that_cannot_be_read_delay_events_and_lose_none(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = streaming.listen()
    await streaming.run("t")
    await world.move("t", failed)
    await streaming.replica.tail.run_once()

    async def read_nothing(*_: Any) -> list[Task]:
        raise StoreUnavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(world.engine.catalog, "get_many", read_nothing)
        with pytest.raises(StoreUnavailable):
            await streaming.events.publish_pending()
    assert listener.types() == ["connection"]
    await streaming.tell()

    assert statuses(listener) == ["Created", "Assigning", "Running", "Failed"]


async def test_a_listener_that_comes_while_texts_are_read_gets_each_change_once(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = streaming.listen()
    await streaming.run("t")
    await world.move("t", failed)
    await streaming.replica.tail.run_once()
    go_on = asyncio.Event()
    read = world.engine.catalog.get_many

    async def read_slowly(ids: list[str]) -> Any:
        await go_on.wait()
        return await read(ids)

    monkeypatch.setattr(world.engine.catalog, "get_many", read_slowly)
    publishing = asyncio.ensure_future(streaming.events.publish_pending())
    await asyncio.sleep(0)
    late = streaming.listen()
    go_on.set()
    await publishing

    assert statuses(late) == statuses(early) == ["Created", "Assigning", "Running", "Failed"]


async def test_running_tasks_have_the_heartbeat_of_their_node(world: World, streaming: Streaming) -> None:
    session = await streaming.run("a", "b")
    listener, watching = streaming.listen(), streaming.listen("b")
    listener.read(), watching.read()

    streaming.events.publish_heartbeats()
    first = listener.values()
    streaming.events.publish_heartbeats()
    assert listener.values() == []
    await world.beat("n1", session)
    await streaming.replica.observe()
    streaming.events.publish_heartbeats()

    assert [(v["taskId"], v["data"]) for v in sorted(first, key=lambda v: str(v["taskId"]))] == [
        (name, {"heartbeat": 1, "lifecycleStatus": "Running"}) for name in "ab"
    ]
    assert {v["taskId"]: v["data"]["heartbeat"] for v in listener.values()} == {"a": 2, "b": 2}
    # A heartbeat is left out where the one before still waits to be sent.
    assert [v["data"]["heartbeat"] for v in watching.values()] == [1]


async def test_of_very_many_running_tasks_some_beat_in_each_round_and_all_in_turn(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skalds.system_controller.events.heartbeat_round.MOST_EVENTS", 3)
    names = [f"t{number}" for number in range(8)]
    session = await streaming.run(*names)
    listener, watching = streaming.listen(), streaming.listen("t7")
    listener.read()

    rounds = []
    for _ in range(4):
        await world.beat("n1", session)
        await streaming.replica.observe()
        watching.read()
        streaming.events.publish_heartbeats()
        assert [frame.type for frame in watching.read()] == ["task_heartbeat"]
        rounds.append([v["taskId"] for v in listener.values()])

    assert {len(told) for told in rounds} == {4}
    assert {name for told in rounds for name in told} == set(names)


async def test_the_memory_of_statuses_is_bounded(
    world: World, streaming: Streaming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_events, "_REMEMBERED", 2)
    streaming.listen()
    await world.submit(*"abcd")
    await streaming.tell()

    assert list(streaming.events._told) == ["c", "d"]


def test_the_projection_being_repaired_is_a_reset_too(world: World) -> None:
    streaming = Streaming(world)
    listener = streaming.listen()
    listener.read()

    assert streaming.events.follow(list[RunChange]()) is False
    assert listener.types() == ["reset"]
