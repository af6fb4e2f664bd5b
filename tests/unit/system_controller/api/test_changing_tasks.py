"""Cancelling, pausing, resuming and requeueing over HTTP."""

import pytest

from skalds.errors import StoreUnavailable
from tests.unit.system_controller.api.served import Served


async def status_of(api: Served) -> str:
    task = await api.engine.catalog.get("task-1")
    assert task is not None
    return str(task.lifecycle_status)


@pytest.mark.parametrize("name", ["lifecycleStatus", "lifecycle_status", "status"])
async def test_the_status_body_is_read_under_every_name(api: Served, name: str) -> None:
    await api.stored()

    answer = await api.call("PUT", "/api/tasks/task-1/status", {name: "Cancelled"})

    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Task status updated to Cancelled",
        "data": {"taskId": "task-1", "status": "Cancelled"},
    }
    assert await status_of(api) == "Cancelled"


async def test_created_means_requeue(api: Served) -> None:
    await api.stored(lifecycle_status="Finished", final=True)

    answer = await api.call("PUT", "/api/tasks/task-1/status", {"lifecycleStatus": "Created"})

    assert answer.json()["message"] == "Task status updated to Created"
    assert await status_of(api) == "Created"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Running"},
        {"status": "cancelled"},
        {"status": 1},
        {"status": None},
        {},
        [],
        {"status": "Cancelled", "lifecycleStatus": "Created"},
        {"status": "Cancelled", "reason": "x"},
    ],
)
async def test_any_other_status_body_is_refused(api: Served, body: object) -> None:
    await api.stored()

    assert (await api.call("PUT", "/api/tasks/task-1/status", body)).status_code == 422
    assert await status_of(api) == "Created"


async def test_delete_cancels_and_keeps_the_task(api: Served) -> None:
    await api.stored()

    answer = await api.call("DELETE", "/api/tasks/task-1")

    assert answer.json() == {
        "success": True,
        "message": "Task cancelled successfully",
        "data": {"taskId": "task-1", "status": "Cancelled"},
    }
    assert await status_of(api) == "Cancelled"


@pytest.mark.parametrize(
    ("command", "before", "after"),
    [
        ("cancel", {"lifecycle_status": "Created"}, "Cancelled"),
        ("cancel", {"lifecycle_status": "Cancelled", "final": True}, "Cancelled"),
        ("pause", {"lifecycle_status": "Created"}, "Paused"),
        ("resume", {"lifecycle_status": "Paused"}, "Created"),
        ("requeue", {"lifecycle_status": "Cancelled", "final": True}, "Created"),
        ("requeue", {"lifecycle_status": "Created"}, "Created"),
    ],
)
async def test_a_command_answers_with_the_task(
    api: Served, command: str, before: dict[str, object], after: str
) -> None:
    await api.stored(**before)

    answer = await api.call("POST", f"/api/tasks/task-1/{command}")

    assert (answer.status_code, answer.json()["lifecycleStatus"]) == (200, after)
    assert await status_of(api) == after


@pytest.mark.parametrize(
    ("command", "status", "final"),
    [("cancel", "Finished", True), ("pause", "Assigning", False), ("resume", "Created", False)],
)
async def test_a_change_that_is_not_allowed_is_a_conflict_with_its_reason(
    api: Served, command: str, status: str, final: bool
) -> None:
    before = await api.stored(lifecycle_status=status, final=final)

    answer = await api.call("POST", f"/api/tasks/task-1/{command}")

    assert (answer.status_code, answer.json()["code"]) == (409, "transition_refused")
    assert answer.json()["error"] == answer.json()["fields"]["reason"]
    assert await api.engine.catalog.get("task-1") == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", ""),
        ("PUT", "/status"),
        ("POST", "/cancel"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/requeue"),
    ],
)
async def test_a_change_of_an_unknown_task_is_not_found(api: Served, method: str, path: str) -> None:
    body = {"status": "Cancelled"} if path == "/status" else None

    assert (await api.call(method, f"/api/tasks/nope{path}", body)).status_code == 404


async def test_commands_take_no_fields(api: Served) -> None:
    await api.stored()

    refused = await api.call("POST", "/api/tasks/task-1/cancel", {"reason": "x"})
    empty = await api.call("POST", "/api/tasks/task-1/cancel", {})

    assert (refused.status_code, empty.status_code) == (422, 200)


async def test_a_store_that_does_not_answer_changes_nothing(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.stored()

    async def write(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(api.engine.ledger, "write", write)

    assert (await api.call("POST", "/api/tasks/task-1/cancel")).status_code == 503
    assert await status_of(api) == "Created"
