"""What the suite of the port cannot see: the documents, text that looks like operators, and races."""

import asyncio
from typing import Any

import pytest

from skalds.adapters.mongo.connection import MongoStore
from skalds.errors import DuplicateTask, StoreCorrupt
from skalds.model.lane import lane_key
from skalds.model.run_change import Change
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import a_task
from skalds.testing.conformance.steps import a_claim, lead, ready_ids, to
from tests.integration.mongo.conftest import MongoEngine

pytestmark = pytest.mark.integration

FIELDS_OF_0_3_8 = """
    id className source name description executor dependencies mode isPersistent createDateTime updateDateTime
    deadlineDateTime lifecycleStatus priority attachments
""".split()

OPERATORS: list[Any] = [
    {"$gt": ""},
    {"$set": {"id": "x"}, "a.b": {"$where": "sleep(9)", ".": 1, "$": {"$literal": 2}}},
    [{"$match": {}}, "$id", "$$ROOT"],
    {"dispatch": {"place": "ready"}, "": {"": None}},
]


async def row_of(store: MongoStore, task_id: str) -> dict[str, Any]:
    row = await store.tasks.find_one({"id": {"$eq": task_id}})
    assert row is not None
    return row


async def test_document_is_that_of_skalds_0_3_8_and_what_differs_from_a_default(engine: MongoEngine) -> None:
    await engine.intake.submit([a_task(slots=2)])
    row = await row_of(engine.store, "task-1")
    ours = {"rev", "final", "attempt", "eligibleAt", "tenant", "slots", "dispatch", "told"}
    assert row.keys() == {"_id", *FIELDS_OF_0_3_8, *ours}
    assert row["dispatch"].keys() == {"lane", "rank", "place", "lists"}


@pytest.mark.parametrize("value", OPERATORS)
async def test_json_that_looks_like_operators_is_only_a_value(engine: MongoEngine, value: Any) -> None:
    task, child = await engine.intake.submit(
        [a_task(attachments=value, checkpoint=value), a_task(id="child", dependencies=["task-1"], attachments=value)]
    )
    [given] = await assigned_stored(engine, task)
    assert given.attachments == value
    changed = given.changed(3, attachments=[value], result=value, usage={"x": value}, checkpoint={"y": value})
    done = to(changed, TaskLifecycleStatus.FINISHED, final=True)
    assert list(await engine.ledger.write([Change(given, changed), done], durable=True)) == [True, True]
    assert await engine.catalog.get("task-1") == done.after
    [freed] = await assigned_stored(engine, child)
    assert freed.attachments == value


@pytest.mark.parametrize("text", ["$rev", "$$ROOT", "a.b", "", "\n", "x" * 129, "é\u2028", "{'$gt': ''}"])
async def test_names_that_look_like_operators_are_only_values(engine: MongoEngine, text: str) -> None:
    named: dict[str, Any] = {"class_name": text, "tenant": text, "concurrency_key": text, "idempotency_key": text}
    parent = a_task(id=f"{text}1", **named)
    child = a_task(id=f"{text}2", dependencies=[parent.id], **named | {"idempotency_key": f"{text}2"})
    assert list(await engine.intake.submit([child, parent])) == [child, parent]
    assert list(await engine.intake.submit([parent.model_copy(update={"id": "other"})], {text: 9})) == [parent]
    [given] = await assigned_stored(engine, parent)
    await engine.ledger.write([to(given, TaskLifecycleStatus.FINISHED, final=True)], durable=True)
    assert await ready_ids(engine) == [child.id]
    [lane] = await engine.queue.lanes()
    assert lane.key == lane_key(child)


async def assigned_stored(engine: MongoEngine, *tasks: Task) -> list[Task]:
    """Gives tasks away that are stored already."""
    current = await engine.catalog.get_many([task.id for task in tasks])
    claim = await a_claim(engine, current, id_=f"claim of {tasks[0].id}", node_id="$node\n1")
    assert len(await engine.queue.claim([claim], await lead(engine))) == len(tasks)
    return list(await engine.catalog.get_many([task.id for task in tasks]))


async def test_child_never_misses_the_end_of_its_parent(engine: MongoEngine, other: MongoEngine) -> None:
    for number in range(25):
        [parent] = await engine.intake.submit([a_task(id=f"parent-{number}")])
        done = to(parent, TaskLifecycleStatus.FINISHED, final=True)
        child = a_task(id=f"child-{number}", dependencies=[parent.id])
        _, [written] = await asyncio.gather(other.intake.submit([child]), engine.ledger.write([done], durable=True))
        assert written
    assert sorted(await ready_ids(engine)) == sorted(f"child-{number}" for number in range(25))


async def test_child_never_misses_that_its_parent_failed(engine: MongoEngine, other: MongoEngine) -> None:
    for number in range(15):
        [parent] = await engine.intake.submit([a_task(id=f"parent-{number}")])
        lost = to(parent, TaskLifecycleStatus.CANCELLED, final=True)
        child = a_task(id=f"child-{number}", dependencies=[parent.id])
        await asyncio.gather(other.intake.submit([child]), engine.ledger.write([lost], durable=True))
    assert len(await engine.ledger.forsaken(99)) == 15


async def test_batches_that_share_an_id_are_stored_once(engine: MongoEngine, other: MongoEngine) -> None:
    batches = [[a_task(id=f"own-{number}"), a_task(id="shared")] for number in range(16)]
    submits = [(other if number % 2 else engine).intake.submit(batch) for number, batch in enumerate(batches)]
    answers = await asyncio.gather(*submits, return_exceptions=True)
    assert sum(isinstance(answer, DuplicateTask) for answer in answers) == 15
    assert sum((await engine.catalog.count_by_status()).values()) == 2


async def test_batches_that_share_a_key_are_stored_once(engine: MongoEngine, other: MongoEngine) -> None:
    batches = [[a_task(id=f"own-{n}"), a_task(id=f"keyed-{n}", idempotency_key="key")] for n in range(16)]
    submits = [(other if number % 2 else engine).intake.submit(batch) for number, batch in enumerate(batches)]
    answers = await asyncio.gather(*submits)
    assert len({keyed.id for _, keyed in answers}) == 1
    assert sum((await engine.catalog.count_by_status()).values()) == 17


async def test_submit_of_many_is_one_commit(engine: MongoEngine) -> None:
    tasks = [a_task(id=f"task-{number}", priority=number % 3) for number in range(2_000)]
    assert list(await engine.intake.submit(tasks)) == tasks
    with pytest.raises(DuplicateTask):
        await engine.intake.submit([*(a_task(id=f"more-{number}") for number in range(2_000)), tasks[0]])
    assert await engine.catalog.count_by_status() == {"Created": 2_000}


async def test_lane_numbers_of_two_keys_are_never_one(engine: MongoEngine) -> None:
    task = a_task()
    number = engine.numbers.number(task)
    await engine.store.lanes.insert_one({"_id": number, "key": lane_key(a_task(tenant="b")).to_text(), "tenant": "b"})
    with pytest.raises(StoreCorrupt, match="one number"):
        await engine.intake.submit([task])
    assert await engine.catalog.get("task-1") is None


async def test_number_of_a_lane_is_the_same_everywhere(engine: MongoEngine, other: Engine) -> None:
    await engine.intake.submit([a_task()])
    [lane] = await other.queue.lanes()
    assert lane.id == 3_636_619_859_729_482_339
    row = await row_of(engine.store, "task-1")
    assert row["dispatch"]["lane"] == lane.id


async def test_document_that_is_no_task_is_named(engine: MongoEngine) -> None:
    await engine.intake.submit([a_task()])
    await engine.store.tasks.update_one({"id": "task-1"}, {"$set": {"priority": 99, "dispatch.place": "forsaken"}})
    with pytest.raises(StoreCorrupt, match=r"'task-1' cannot be read: priority"):
        await engine.ledger.forsaken(1)
