"""The change stream as the feed: every version once and in order, whatever it goes through."""

import asyncio
from collections.abc import Sequence

import pytest

from skalds.adapters.mongo.connection import MongoStore
from skalds.adapters.mongo.feed_line import TOLD, feed_line, run_change
from skalds.adapters.mongo.version_buffer import VersionBuffer
from skalds.errors import StoreUnavailable
from skalds.model.run_change import RunChange
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import a_claim, assigned, lead, to, told
from tests.integration.mongo.conftest import MongoEngine

WILD = ["a\nb", '"quoted"', "$rev", "é\u2028\u0000", "\\n", "{'$gt': ''}", "a.b", "\n\n\n\n"]

integration = pytest.mark.integration


@pytest.mark.parametrize("text", WILD)
def test_line_holds_whatever_users_write(text: str) -> None:
    task = a_task(id=text, class_name=text, executor=text, rev=3, attempt=2)
    assert run_change(feed_line(task, 2**63 - 1, ready=True), 7) == RunChange(
        7, text, text, 3, "Created", False, 2, text, 0, 2**63 - 1, True, True
    )


def test_buffer_keeps_positions_and_not_everything() -> None:
    buffer = VersionBuffer()
    for number in range(200_001):
        buffer.add(str(number))
    assert buffer.position == 200_001
    assert buffer.after(100_000, 1) is None
    assert buffer.after(100_001, 2) == ["100001", "100002"]
    assert buffer.after(200_001, 2) == []
    assert buffer.after(200_002, 2) is None


def test_torn_buffer_knows_no_earlier_position() -> None:
    buffer = VersionBuffer()
    buffer.add("a")
    buffer.tear()
    assert [buffer.after(position, 9) for position in (0, 1)] == [None, None]
    assert buffer.after(buffer.position, 9) == []
    buffer.add("b")
    assert buffer.after(buffer.position - 1, 9) == ["b"]


@integration
async def test_claimed_and_freed_tasks_of_any_name_are_told(engine: MongoEngine) -> None:
    tasks = [a_task(id=f"{text}{number}", class_name=text) for number, text in enumerate(WILD)]
    children = [a_task(id=f"child of {task.id}", dependencies=[task.id]) for task in tasks]
    await engine.intake.submit(children + tasks)
    given = await assigned(engine, a_task(id="first"), node_id="node\n$1")
    _, position = await engine.ledger.live_runs()
    await _end(engine, tasks)
    feed = await told(engine, position)
    assert {change.task_id for change in feed if change.ready} == {child.id for child in children}
    assert given[0].executor == "node\n$1"
    await _tell_what_rows_say(engine)


async def _end(engine: MongoEngine, tasks: Sequence[Task]) -> None:
    changes = [to(task, TaskLifecycleStatus.FINISHED, final=True) for task in tasks]
    assert all(await engine.ledger.write(changes, durable=True))


async def _tell_what_rows_say(engine: MongoEngine) -> None:
    """The latest line of every task is that of its row."""
    latest = {change.task_id: change for change in await told(engine, 0)}
    async for row in engine.store.tasks.find():
        assert latest[row["id"]] == run_change(row[TOLD], latest[row["id"]].position)
        assert latest[row["id"]].rev == row["rev"]
        assert latest[row["id"]].lane == row["dispatch"].get("lane", 0)
        assert latest[row["id"]].ready == (row["dispatch"].get("place") == "ready")


@integration
async def test_timer_that_rings_is_no_version(engine: MongoEngine) -> None:
    await engine.intake.submit([a_task(eligible_at=A_MOMENT + 1)])
    _, position = await engine.ledger.live_runs()
    await engine.queue.ripen(A_MOMENT + 1)
    assert await told(engine, position) == []


@integration
async def test_other_databases_and_marks_of_others_are_not_told(engine: MongoEngine, other: MongoEngine) -> None:
    _, position = await engine.ledger.live_runs()
    await other.ledger.live_runs()
    foreign = engine.store.client[f"{engine.store.database.name}_other"]
    await foreign.tasks.insert_one({"id": "foreign", TOLD: feed_line(a_task(id="foreign"), 1, ready=True)})
    await engine.intake.submit([a_task(id="own")])
    assert [change.task_id for change in await told(engine, position)] == ["own"]
    await engine.store.client.drop_database(foreign.name)


@integration
async def test_whoever_listens_is_tapped(engine: MongoEngine) -> None:
    tapped = asyncio.Event()
    engine.feed._on_change = tapped.set
    await engine.intake.submit([a_task()])
    await asyncio.wait_for(tapped.wait(), 10)


@integration
async def test_node_begins_to_listen_when_it_asks(engine: MongoEngine, other: MongoEngine) -> None:
    await engine.intake.submit([a_task(id="before")])
    assert await other.ledger.changes_since(0, 9) is None
    _, position = await other.ledger.live_runs()
    await engine.intake.submit([a_task(id="after")])
    assert [change.task_id for change in await told(other, position)] == ["after"]


@integration
async def test_many_readings_at_once_each_get_their_position(engine: MongoEngine) -> None:
    await assigned(engine, *(a_task(id=f"task-{number}") for number in range(5)))
    answers = await asyncio.gather(*(engine.ledger.live_runs() for _ in range(20)))
    assert {len(runs) for runs, _ in answers} == {5}
    assert {position for _, position in answers} == {10}


@integration
async def test_reading_and_position_fit_while_others_write(engine: MongoEngine, other: MongoEngine) -> None:
    tasks = await other.intake.submit([a_task(id=f"task-{number:03}") for number in range(200)])

    async def give_away() -> None:
        for start in range(0, 200, 10):
            await assigned_again(other, tasks[start : start + 10])

    writing = asyncio.create_task(give_away())
    while not writing.done():
        runs, position = await engine.ledger.live_runs()
        feed = await engine.ledger.changes_since(0, position)
        assert feed is not None
        assert {run.task_id for run in runs} == {change.task_id for change in feed if change.holds_slot}
    await writing


async def assigned_again(engine: MongoEngine, tasks: Sequence[Task]) -> None:
    """Gives stored tasks away."""
    claim = await a_claim(engine, tasks, id_=tasks[0].id)
    assert len(await engine.queue.claim([claim], await lead(engine))) == len(tasks)


@integration
async def test_stream_whose_history_is_lost_is_torn_and_goes_on(engine: MongoEngine) -> None:
    await engine.intake.submit([a_task(id="a")])
    before = await told(engine, 0)
    await _lose_history(engine)
    _, position = await engine.ledger.live_runs()
    assert position > before[-1].position
    assert await engine.ledger.changes_since(before[-1].position, 9) is None
    await engine.intake.submit([a_task(id="b")])
    assert [change.task_id for change in await told(engine, position)] == ["b"]


async def _lose_history(engine: MongoEngine) -> None:
    """Breaks the stream off and makes its token one of 1970, of which no oplog knows."""
    stream = engine.feed._stream
    assert stream is not None
    assert stream.resume_token is not None
    data = str(stream.resume_token["_data"])
    stream._resume_token = {"_data": f"{data[:2]}00000001{data[10:]}"}
    torn = asyncio.Event()
    engine.feed._on_change = torn.set
    await stream.close()
    await asyncio.wait_for(torn.wait(), 10)


@integration
async def test_closed_feed_leaves_no_mark_and_tells_nothing(engine: MongoEngine, store: MongoStore) -> None:
    await engine.ledger.live_runs()
    assert await store.marks.count_documents({}) == 1
    await engine.feed.close()
    await engine.feed.close()
    assert await store.marks.count_documents({}) == 0
    assert await engine.ledger.changes_since(0, 9) is None


@integration
async def test_stream_that_does_not_follow_is_said(engine: MongoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skalds.adapters.mongo.feed._MARK_SECONDS", 0.2)
    monkeypatch.setattr(engine.feed, "_take", lambda _: None)
    with pytest.raises(StoreUnavailable, match="does not follow"):
        await engine.ledger.live_runs()
