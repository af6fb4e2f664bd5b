"""What is read often finds its rows by an index, however many others there are."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from skalds.adapters.mongo.dispatch_queue import timers
from skalds.adapters.mongo.indexes import TASKS
from skalds.adapters.mongo.lane_board import COUNT_WAITING
from skalds.adapters.mongo.live_nodes import ANY_TEXT, lanes_in
from skalds.adapters.mongo.placing import PLACES
from skalds.adapters.mongo.retention import KEYED, PLAIN, dependants_of, ended
from skalds.adapters.mongo.status_counts import LISTED, UNCOUNTED
from skalds.adapters.mongo.task_catalog import ANY_NAME
from skalds.adapters.mongo.task_lists import OPEN, OVER, of_class, of_executor, of_status
from skalds.adapters.mongo.task_search import NEWEST_FIRST, either, next_ids, parts_of
from skalds.model.task_query import TaskQuery
from skalds.testing.services.mongo_server import MongoServer

pytestmark = pytest.mark.integration

ROWS, LANES, NODES, LIVE, FOREIGN = 5_000, 20, 10, 100, 5
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
    if number < FOREIGN:
        return row
    lists = [OPEN, of_class(row["className"])]
    if number < LIVE:
        return row | _live(f"node-{number % NODES}", lists)
    if number % 100 == 0:
        lists.append(of_status("Paused"))
        return row | {"lifecycleStatus": "Paused", "dispatch": {"open": [f"task-{number:05}"], "lists": lists}}
    if number % 100 == 1:
        lists.append(of_status("Failed"))
        return row | {"lifecycleStatus": "Failed", "dispatch": _waiting("timer", number, lists, random)}
    if number % 2:
        return row | _over(number, lists, random)
    return row | {"dispatch": _waiting("ready", number, lists, random)}


def _live(node: str, lists: list[str]) -> Document:
    dispatch = {"node": node, "session": 1, "lane": 1, "lists": lists}
    return {"lifecycleStatus": "Running", "executor": node, "dispatch": dispatch}


def _over(number: int, lists: list[str], random: Random) -> Document:
    status, executor = random.choice(["Finished", "Finished", "Failed", "Cancelled"]), f"node-{number % NODES}"
    lists = [OVER, *lists[1:], of_status(status), of_executor(executor)]
    over = {"ended": {"keyed" if number % 10 == 3 else "plain": number}, "lists": lists}
    return {"lifecycleStatus": status, "final": True, "executor": executor, "dispatch": over}


def _waiting(place: str, number: int, lists: list[str], random: Random) -> Document:
    placed = {"place": place, "lane": random.randrange(1, LANES + 1), "rank": number, "lists": lists}
    return placed | ({"timer": number} if place == "timer" else {"due": number} if number % 50 == 2 else {})


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
    ("query", "looked_at"),
    [
        (TaskQuery(), PAGE),
        (TaskQuery(class_name="Class3"), PAGE),
        (TaskQuery(status="Created"), 3 * PAGE),
        (TaskQuery(status="Paused"), PAGE),
        (TaskQuery(status="Finished"), PAGE),
        (TaskQuery(status="Failed"), PAGE),
        (TaskQuery(status="Cancelled"), PAGE),
        (TaskQuery(status="Failed", class_name="Class3"), 12 * PAGE),
        (TaskQuery(status="Created", class_name="Class3"), 15 * PAGE),
    ],
    ids=str,
)
def test_page_comes_in_order_from_an_index(database: Database[Document], query: TaskQuery, looked_at: int) -> None:
    plan = _plan(database, _page(query))
    assert "SORT" not in plan.steps
    assert "COLLSCAN" not in plan.steps
    assert "IXSCAN lists" in plan.steps
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


@pytest.mark.parametrize(("condition", "index"), [*((condition, "lists") for condition in LISTED), ({}, "id_1")])
def test_counts_need_no_documents(database: Database[Document], condition: Document, index: str) -> None:
    plan = _plan(database, _count(condition, index))
    assert f"COUNT_SCAN {index}" in plan.steps
    assert plan.documents == 0


@pytest.mark.parametrize(("condition", "index"), UNCOUNTED)
def test_counting_what_no_list_has_looks_at_that_alone(
    database: Database[Document], condition: Document, index: str
) -> None:
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
    plan = _plan(database, {"distinct": "tasks", "key": "className", "query": ANY_NAME})
    assert "DISTINCT_SCAN single_fields" in plan.steps
    assert plan.keys <= 6
    assert plan.documents == 0


@pytest.mark.parametrize(
    ("condition", "field"),
    [
        (ended(PLAIN, ROWS // 2), PLAIN),
        (ended(KEYED, ROWS // 2), KEYED),
        (timers(2**63 - 1), "dispatch.timer"),
        ({"dispatch.due": {"$lte": ROWS}}, "dispatch.due"),
    ],
    ids=[PLAIN, KEYED, "timer", "due"],
)
def test_what_has_a_moment_comes_earliest_first(database: Database[Document], condition: Document, field: str) -> None:
    found = {"find": "tasks", "filter": condition, "sort": {field: 1}, "hint": "single_fields", "limit": PAGE}
    plan = _plan(database, found)
    assert "IXSCAN single_fields" in plan.steps
    assert "SORT" not in plan.steps
    assert plan.documents == PAGE


def test_dependants_are_found_by_what_they_depend_on(database: Database[Document]) -> None:
    plan = _plan(database, {"find": "tasks", "filter": dependants_of(["task-00300", "none"])})
    assert "IXSCAN single_fields" in plan.steps
    assert plan.documents == 1
