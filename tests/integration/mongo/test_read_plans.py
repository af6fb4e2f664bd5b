"""What is read often finds its rows by an index, however many others there are."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from skalds.adapters.mongo.indexes import TASKS
from skalds.adapters.mongo.lane_board import COUNT_WAITING
from skalds.adapters.mongo.live_nodes import ANY_TEXT, lanes_in
from skalds.adapters.mongo.placing import PLACES
from skalds.adapters.mongo.retention import dependants_of, ended
from skalds.adapters.mongo.status_counts import ANYWHERE, RESTING
from skalds.adapters.mongo.task_search import NEWEST_FIRST, either, next_ids, parts_of
from skalds.model.task_query import TaskQuery
from skalds.testing.services.mongo_server import MongoServer

pytestmark = pytest.mark.integration

ROWS, LANES, NODES, LIVE = 5_000, 20, 10, 100
PAGE = 20

Document = dict[str, Any]


def _row(number: int, random: Random) -> Document:
    row: Document = {
        "id": f"task-{number * 7919 % ROWS:05}",
        "className": f"Class{number % 5}",
        "executor": None,
        "createDateTime": number // 3,
        "lifecycleStatus": "Created",
        "final": False,
    }
    if number < LIVE:
        return row | _live(f"node-{number % NODES}")
    if number % 100 == 0:
        return row | {"lifecycleStatus": "Paused", "dispatch": {"open": [f"task-{number:05}"]}}
    if number % 100 == 1:
        return row | {"lifecycleStatus": "Failed", "dispatch": _waiting("timer", number, random)}
    if number % 2:
        status = random.choice(["Finished", "Finished", "Failed", "Cancelled"])
        executor, over = f"node-{number % NODES}", {"ended": {"keyed": number % 10 == 3, "at": number}}
        return row | {"lifecycleStatus": status, "final": True, "executor": executor, "dispatch": over}
    return row | {"dispatch": _waiting("ready", number, random)}


def _live(node: str) -> Document:
    dispatch = {"node": node, "session": 1, "lane": 1}
    return {"lifecycleStatus": "Running", "executor": node, "dispatch": dispatch}


def _waiting(place: str, number: int, random: Random) -> Document:
    return {"place": place, "lane": random.randrange(1, LANES + 1), "rank": number}


@pytest.fixture(scope="module")
def database(mongo_server: MongoServer) -> Iterator[Database[Document]]:
    """Rows as they lie in a busy store, with the indexes of the engine."""
    with MongoClient[Document](mongo_server.uri) as client:
        database = client[f"read_plans_{uuid4().hex}"]
        database.tasks.create_indexes(TASKS)
        random = Random(1)
        database.tasks.insert_many([_row(number, random) for number in range(ROWS)])
        yield database
        client.drop_database(database)


class _Plan(NamedTuple):
    """What the server says it did: its steps with the indexes they used, and how much it looked at."""

    steps: list[str]
    keys: int
    documents: int


def _plan(database: Database[Document], command: Document) -> _Plan:
    explained: Document = database.command("explain", command, verbosity="executionStats")
    if "stages" in explained:
        explained = explained["stages"][0]["$cursor"]
    winning = explained["queryPlanner"]["winningPlan"]
    stats = explained["executionStats"]
    return _Plan([*_steps(winning.get("queryPlan", winning))], stats["totalKeysExamined"], stats["totalDocsExamined"])


def _steps(stage: Document) -> Iterator[str]:
    yield " ".join([stage["stage"], stage.get("indexName", "")]).strip()
    for inner in [stage["inputStage"]] if "inputStage" in stage else stage.get("inputStages", []):
        yield from _steps(inner)


def _page(query: TaskQuery) -> Document:
    return {"find": "tasks", "filter": either(parts_of(query)), "sort": dict(NEWEST_FIRST), "limit": PAGE}


def _count(condition: Document, index: str) -> Document:
    steps = [{"$match": condition}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]
    return {"aggregate": "tasks", "pipeline": steps, "hint": index, "cursor": {}}


def _steps_over(steps: list[Document], index: str) -> Document:
    return {"aggregate": "tasks", "pipeline": steps, "hint": index, "cursor": {}}


@pytest.mark.parametrize(
    ("query", "index", "looked_at"),
    [
        (TaskQuery(), "newest", PAGE),
        (TaskQuery(class_name="Class3"), "class_newest", PAGE),
        (TaskQuery(status="Created"), "newest", 3 * PAGE),
        (TaskQuery(status="Paused"), "status_newest", PAGE),
        (TaskQuery(status="Finished"), "status_newest", PAGE),
        (TaskQuery(status="Failed"), "status_newest", PAGE),
        (TaskQuery(status="Cancelled"), "status_newest", PAGE),
        (TaskQuery(status="Failed", class_name="Class3"), "_newest", 12 * PAGE),
        (TaskQuery(status="Created", class_name="Class3"), "newest", 15 * PAGE),
    ],
    ids=str,
)
def test_page_comes_in_order_from_an_index(
    database: Database[Document], query: TaskQuery, index: str, looked_at: int
) -> None:
    plan = _plan(database, _page(query))
    assert "SORT" not in plan.steps
    assert "COLLSCAN" not in plan.steps
    assert any(step.startswith("IXSCAN") and step.endswith(index) for step in plan.steps)
    # A merge looks one row ahead in each of its scans.
    assert plan.documents <= looked_at + 3


@pytest.mark.parametrize(
    ("query", "looked_at"),
    [
        (TaskQuery(status="Running"), LIVE),
        (TaskQuery(status="Assigning"), LIVE),
        (TaskQuery(status="Running", class_name="Class3"), LIVE),
        (TaskQuery(executor="node-3"), ROWS // NODES),
        (TaskQuery(executor="node-3", status="Running"), ROWS // NODES),
    ],
    ids=str,
)
def test_page_of_what_runs_looks_at_that_alone(database: Database[Document], query: TaskQuery, looked_at: int) -> None:
    plan = _plan(database, _page(query))
    assert "COLLSCAN" not in plan.steps
    assert "IXSCAN live" in plan.steps
    assert plan.documents <= looked_at + PAGE


def test_part_of_an_id_is_looked_for_without_documents(database: Database[Document]) -> None:
    plan = _plan(database, _steps_over(next_ids("", "k-000"), "id_1"))
    assert {"PROJECTION_COVERED", "IXSCAN id_1"} <= {*plan.steps}
    assert plan.documents == 0


@pytest.mark.parametrize(("status", "index"), [*dict.fromkeys(RESTING, "status_newest").items(), (None, "newest")])
def test_counts_need_no_documents(database: Database[Document], status: str | None, index: str) -> None:
    plan = _plan(database, _count({} if status is None else {"lifecycleStatus": status}, index))
    assert f"COUNT_SCAN {index}" in plan.steps
    assert plan.documents == 0


@pytest.mark.parametrize(("condition", "index"), ANYWHERE)
def test_counting_what_moves_looks_at_that_alone(database: Database[Document], condition: Document, index: str) -> None:
    plan = _plan(database, _count(condition, index))
    assert f"IXSCAN {index}" in plan.steps
    assert plan.documents <= LIVE


def test_backlog_is_counted_without_documents(database: Database[Document]) -> None:
    plan = _plan(database, _steps_over(COUNT_WAITING, "waiting"))
    assert "IXSCAN waiting" in plan.steps
    assert plan.documents == 0


@pytest.mark.parametrize("place", PLACES)
def test_lanes_cost_by_lanes(database: Database[Document], place: str) -> None:
    plan = _plan(database, _steps_over(lanes_in(place), "waiting"))
    assert "DISTINCT_SCAN waiting" in plan.steps
    assert plan.keys <= LANES + 1
    assert plan.documents == 0


def test_nodes_cost_by_nodes(database: Database[Document]) -> None:
    plan = _plan(database, {"distinct": "tasks", "key": "dispatch.node", "query": {"dispatch.node": ANY_TEXT}})
    assert "DISTINCT_SCAN live" in plan.steps
    assert (plan.keys, plan.documents) == (NODES, 0)


def test_class_names_cost_by_classes(database: Database[Document]) -> None:
    plan = _plan(database, {"distinct": "tasks", "key": "className"})
    assert "DISTINCT_SCAN class_newest" in plan.steps
    assert plan.documents == 0


@pytest.mark.parametrize("is_keyed", [False, True])
def test_what_may_be_forgotten_comes_oldest_first(database: Database[Document], is_keyed: bool) -> None:
    condition = ended(ROWS // 2, is_keyed=is_keyed)
    order = {"dispatch.ended.keyed": 1, "dispatch.ended.at": 1}
    plan = _plan(database, {"find": "tasks", "filter": condition, "sort": order, "hint": "ended", "limit": PAGE})
    assert "IXSCAN ended" in plan.steps
    assert "SORT" not in plan.steps
    assert plan.documents == PAGE


def test_dependants_are_found_by_what_they_depend_on(database: Database[Document]) -> None:
    plan = _plan(database, {"find": "tasks", "filter": dependants_of(["task-00300", "none"])})
    assert "IXSCAN open" in plan.steps
    assert plan.documents == 1
