"""The catalogue on MongoDB: every filter finds what matches it, whoever wrote the rows and however they lie."""

from collections import Counter
from itertools import product
from typing import Any

import pytest

from skalds.adapters.mongo import task_lists, task_search
from skalds.adapters.mongo.connection import MongoStore
from skalds.model.task import TaskLifecycleStatus
from skalds.model.task_query import TaskQuery
from skalds.ports.engine import Engine
from skalds.testing import a_task, conformance

pytestmark = pytest.mark.integration

STATUSES = TaskLifecycleStatus.list()
EXECUTORS = [None, "node-1", "node-2"]
FINALS: list[bool | None] = [False, True, None]

Document = dict[str, Any]


class TestTaskCatalog(conformance.TaskCatalogSuite):
    pass


def _row(number: int, **fields: Any) -> Document:
    """A row as Skalds 0.3.8 writes it, and more."""
    row: Document = {
        "id": f"Task-{number:04}",
        "className": f"Class{number % 3}",
        "source": "MongoDB",
        "executor": None,
        "mode": "Passive",
        "createDateTime": number // 4,
        "updateDateTime": number // 4,
        "lifecycleStatus": "Created",
        "attachments": None,
    }
    return {name: value for name, value in (row | fields).items() if value is not ...}


def _rows() -> list[Document]:
    """Every status, final or not or without a word on it, by every executor, holding a slot, waiting or neither."""
    rows: list[Document] = []
    for status, final, executor, place in product(STATUSES, FINALS, EXECUTORS, ["node", "ready", None]):
        dispatch: Document = {}
        if place == "node" and executor is not None:
            dispatch = {"node": executor, "session": 1, "lane": 1}
        elif place == "ready":
            dispatch = {"place": "ready", "lane": 1, "rank": 1}
        rows.append(
            _row(
                len(rows),
                lifecycleStatus=status,
                executor=executor,
                final=... if final is None else final,
                dispatch=dispatch or ...,
            )
        )
    return rows


def _matches(row: Document, query: TaskQuery) -> bool:
    return (
        (query.status is None or row["lifecycleStatus"] == query.status)
        and (query.class_name is None or row["className"] == query.class_name)
        and (query.executor is None or row["executor"] == query.executor)
        and (query.id_part is None or query.id_part.lower() in row["id"].lower())
    )


async def test_every_combination_of_filters_finds_exactly_what_matches(engine: Engine, store: MongoStore) -> None:
    rows = _rows()
    await store.tasks.insert_many([dict(row) for row in rows])
    newest_first = sorted(rows, key=lambda row: (row["createDateTime"], row["id"]), reverse=True)
    for status, executor, class_name, id_part in product(
        [None, *STATUSES, "created"], [*EXECUTORS, "$node"], [None, "Class1", "$className"], [None, "", "sK-00", "zz"]
    ):
        query = TaskQuery(page_size=1_000, status=status, executor=executor, class_name=class_name, id_part=id_part)
        page = await engine.catalog.find(query)
        assert [task.id for task in page.items] == [row["id"] for row in newest_first if _matches(row, query)], query
        assert (page.total, page.total_is_exact) == (len(page.items), True)


async def test_counts_are_those_of_the_rows(engine: Engine, store: MongoStore) -> None:
    rows = [*_rows(), _row(9_999, lifecycleStatus=...)]
    await store.tasks.insert_many([dict(row) for row in rows])
    expected = Counter(row.get("lifecycleStatus", "Created") for row in rows)
    assert await engine.catalog.count_by_status() == expected


async def test_rows_of_0_3_8_are_read(engine: Engine, store: MongoStore) -> None:
    await store.tasks.insert_one(_row(1, lifecycleStatus="Running", executor="old-node"))
    [task] = (await engine.catalog.find(TaskQuery(status="Running", executor="old-node"))).items
    assert (task.id, task.final, task.rev, task.tenant) == ("Task-0001", False, 0, "default")
    assert await engine.catalog.get("Task-0001") == task


async def test_text_of_the_user_is_only_ever_a_value(engine: Engine) -> None:
    await engine.intake.submit([a_task(id="$id"), a_task(id="b", class_name="$className")])
    for text in ('{"$gt": ""}', "$ne", "$id", "$$ROOT", ".*", "^", "\\", "\0", "'"):
        for query in (TaskQuery(class_name=text), TaskQuery(executor=text), TaskQuery(status=text)):
            assert (await engine.catalog.find(query)).total == 0
        found = await engine.catalog.find(TaskQuery(id_part=text))
        assert [task.id for task in found.items] == (["$id"] if text == "$id" else [])
        assert await engine.catalog.get_many([text]) == ([] if text != "$id" else [await engine.catalog.get("$id")])


# Beside the letters that a careless comparison takes for i, k and s.
_IDS = ["É", "é", "\u0130", "i", "\u212a", "K", "\u017f", "S", "ß", "\U0001f600", "a\x00b"]


@pytest.mark.parametrize("text", [*_IDS, "I", "k", "s", "ss", ""])
async def test_only_ascii_letters_are_alike(engine: Engine, text: str) -> None:
    await engine.intake.submit([a_task(id=id_) for id_ in _IDS])
    found = await engine.catalog.find(TaskQuery(id_part=text))
    assert {task.id for task in found.items} == {id_ for id_ in _IDS if text.encode().lower() in id_.encode().lower()}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
async def test_ids_are_looked_through_in_steps(engine: Engine, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(task_search, "_IDS_AT_ONCE", size)
    await engine.intake.submit([a_task(id=id_) for id_ in ("a1", "b", "c1", "d", "e1", "f", "g1")])
    found = await engine.catalog.find(TaskQuery(id_part="1"))
    assert [task.id for task in found.items] == ["g1", "e1", "c1", "a1"]
    assert (await engine.catalog.find(TaskQuery(id_part="2"))).total == 0


async def test_page_far_behind_the_last_one_is_empty(engine: Engine) -> None:
    await engine.intake.submit([a_task()])
    page = await engine.catalog.find(TaskQuery(page=2**62, page_size=100))
    assert (list(page.items), page.total) == ([], 1)


def test_every_status_has_its_place_in_the_counts() -> None:
    counted = {*task_lists.RESTING, *task_lists.MOVING}
    assert set(STATUSES) - counted == {TaskLifecycleStatus.CREATED.value}
