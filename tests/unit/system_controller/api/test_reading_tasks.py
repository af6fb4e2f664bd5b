"""Reading tasks over HTTP."""

from typing import Any

import pytest

from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.model.task import Assignment, RunError
from skalds.testing import a_task
from tests.unit.system_controller.api.served import Served

ASSIGNMENT = Assignment(id="a1", skald_id="node-1", session=1, term=1, assigned_at=1, accept_by=2)


async def ids(api: Served, query: str) -> list[str]:
    answer = await api.call("GET", f"/api/tasks/?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def some_tasks(api: Served) -> None:
    await api.engine.intake.submit(
        [
            a_task(id="Alpha-1", create_date_time=1, class_name="A"),
            a_task(id="alpha-2", create_date_time=2, class_name="B"),
            a_task(id="beta-3", create_date_time=3, class_name="B", executor="node-1"),
        ]
    )


async def test_an_unknown_task_is_not_found(api: Served) -> None:
    answer = await api.call("GET", "/api/tasks/nope")

    assert answer.status_code == 404
    assert answer.json()["error"] == "Not Found"
    assert answer.json()["message"] == "The requested resource '/api/tasks/nope' was not found"
    assert answer.json()["fields"] == {"kind": "task", "id": "nope"}


async def test_tasks_are_listed_newest_first_with_or_without_slash(api: Served) -> None:
    await some_tasks(api)

    assert await ids(api, "") == ["beta-3", "alpha-2", "Alpha-1"]
    assert (await api.call("GET", "/api/tasks")).json() == (await api.call("GET", "/api/tasks/")).json()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lifecycleStatus=Created&page=2&pageSize=2", ["Alpha-1"]),
        ("status=Running", []),
        ("className=B", ["beta-3", "alpha-2"]),
        ("type=A", ["Alpha-1"]),
        ("id=ALPHA", ["alpha-2", "Alpha-1"]),
        ("id=.*", []),
        ("executor=node-1", ["beta-3"]),
        ("status=&className=", ["beta-3", "alpha-2", "Alpha-1"]),
        ("page=1000000", []),
    ],
)
async def test_filters(api: Served, query: str, expected: list[str]) -> None:
    await some_tasks(api)

    assert await ids(api, query) == expected


async def test_the_total_counts_all_pages(api: Served) -> None:
    await some_tasks(api)

    body = (await api.call("GET", "/api/tasks/?pageSize=1&page=2")).json()

    assert {key: body[key] for key in ("total", "totalIsExact", "page", "pageSize")} == {
        "total": 3,
        "totalIsExact": True,
        "page": 2,
        "pageSize": 1,
    }


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=99999999999999999999",
        "pageSize=0",
        "pageSize=101",
        "status=running",
        "status[$ne]=x",
        "status=Running&lifecycleStatus=Failed",
        "classname=A",
    ],
)
async def test_a_query_that_means_nothing_is_refused_by_name(api: Served, query: str) -> None:
    answer = await api.call("GET", f"/api/tasks/?{query}")

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "query"


async def test_class_names_are_listed(api: Served) -> None:
    await some_tasks(api)

    assert (await api.call("GET", "/api/tasks/classnames")).json() == ["A", "B"]


async def test_the_reason_of_a_lane_is_that_of_its_tasks(api: Served) -> None:
    (task,) = await api.engine.intake.submit([a_task()])
    (lane,) = await api.engine.queue.lanes()
    assert lane.key == lane_key(task)
    await api.engine.lanes.note_reasons({lane.id: WaitReason.NO_FREE_SLOT})

    assert (await api.call("GET", "/api/tasks/task-1")).json()["waiting"] == "no_free_slot"
    assert (await api.call("GET", "/api/tasks/")).json()["items"][0]["waiting"] == "no_free_slot"


async def test_a_task_waits_for_what_it_depends_on(api: Served) -> None:
    await api.engine.intake.submit([a_task(id="parent"), a_task(id="child", dependencies=["parent"])])

    assert (await api.call("GET", "/api/tasks/child")).json()["waiting"] == "dependency"
    items = (await api.call("GET", "/api/tasks/")).json()["items"]
    assert {item["id"]: item["waiting"] for item in items} == {"parent": None, "child": "dependency"}


async def test_paused_dispatching_shows_at_every_task_that_could_run(api: Served) -> None:
    assert (await api.call("PUT", "/api/dispatcher", {"paused": True})).status_code == 200
    submitted = await api.call("POST", "/api/tasks", {"className": "Demo", "id": "one"})
    several = await api.call("POST", "/api/tasks", [{"className": "Demo"}])
    steered = await api.call("POST", "/api/tasks/one/requeue")

    shown = [submitted, steered, await api.call("GET", "/api/tasks/one")]

    assert {answer.json()["waiting"] for answer in shown} == {"dispatch_paused"}
    assert several.json()["items"][0]["waiting"] == "dispatch_paused"


@pytest.mark.parametrize(
    ("state", "heartbeat"),
    [
        ({"lifecycle_status": "Created"}, 0),
        ({"lifecycle_status": "Finished", "final": True}, 200),
        ({"lifecycle_status": "Failed"}, -1),
        ({"lifecycle_status": "Cancelled", "final": True}, -2),
        ({"lifecycle_status": "Running", "executor": "node-1", "assignment": ASSIGNMENT, "attempt": 1}, 7),
        ({"lifecycle_status": "Running", "executor": "gone", "assignment": ASSIGNMENT, "attempt": 1}, 0),
    ],
)
async def test_the_heartbeat_is_that_of_older_versions(api: Served, state: dict[str, Any], heartbeat: int) -> None:
    api.add_node(beats=407)
    await api.stored(**state)

    assert (await api.call("GET", "/api/tasks/task-1")).json()["heartbeat"] == heartbeat


async def test_the_error_of_a_run_is_shown_as_exception_and_in_full(api: Served) -> None:
    await api.stored(lifecycle_status="Failed", error=RunError(type="ValueError", message="no", traceback="…"))

    shown = (await api.call("GET", "/api/tasks/task-1")).json()

    assert (shown["exception"], shown["error"]) == ("no", None)
    assert shown["errorDetail"] == {"type": "ValueError", "message": "no", "traceback": "…"}


async def test_a_row_with_numbers_that_only_python_has_is_still_shown(api: Served) -> None:
    await api.stored(lifecycle_status="Finished", final=True)
    task = await api.engine.catalog.get("task-1")
    assert task is not None
    api.engine.catalog._store.rows["task-1"] = task.model_copy(update={"result": 2**70})

    assert (await api.call("GET", "/api/tasks/task-1")).json()["result"] == 2**70
