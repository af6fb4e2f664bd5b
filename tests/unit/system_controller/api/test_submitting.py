"""Submitting tasks over HTTP."""

from typing import Any

import pytest

from skalds.errors import OutcomeUnknown, QueueFull, StoreFull, StoreUnavailable
from skalds.model.policy import TenantPolicy
from tests.unit.system_controller.api.served import Served

Json = dict[str, Any]


def problems(body: Json) -> list[tuple[int | None, str]]:
    return [(problem.get("index"), problem["field"]) for problem in body["fields"]["errors"]]


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks/"])
async def test_an_object_is_stored_and_returned_as_a_task(api: Served, path: str) -> None:
    answer = await api.call("POST", path, {"className": "Demo", "priority": 3, "attachments": {"a": [1]}})

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["id"], shown["className"], shown["priority"]) == ("t-000001", "Demo", 3)
    assert (shown["source"], shown["lifecycleStatus"], shown["maxAttempts"]) == ("API", "Created", 4)
    assert shown["createDateTime"] == shown["updateDateTime"] == shown["eligibleAt"] == api.clock.wall_ms()
    stored = await api.engine.catalog.get("t-000001")
    assert stored is not None
    assert stored.attachments == {"a": [1]}


async def test_the_python_names_of_fields_are_accepted_too(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks", {"class_name": "Demo", "max_attempts": 1})

    assert (answer.status_code, answer.json()["maxAttempts"]) == (201, 1)


async def test_missing_attachments_are_shown_as_an_empty_object(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks", {"className": "Demo"})

    assert answer.json()["attachments"] == {}


async def test_an_array_is_stored_in_order(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks/", [{"className": name} for name in "ABC"])

    assert answer.status_code == 201
    assert [item["className"] for item in answer.json()["items"]] == ["A", "B", "C"]


async def test_a_full_batch_of_500_is_taken_and_501_are_not(api: Served) -> None:
    full = await api.call("POST", "/api/tasks", [{"className": "Demo"}] * 500)
    more = await api.call("POST", "/api/tasks", [{"className": "Demo"}] * 501)

    assert (full.status_code, len(full.json()["items"])) == (201, 500)
    assert (more.status_code, "500" in more.json()["message"]) == (422, True)


async def test_one_wrong_task_keeps_the_whole_array_out_and_every_wrong_index_is_named(api: Served) -> None:
    drafts = [{"className": "Demo"}, {"className": 7}, {"className": "Demo", "prio": 1}, 5]

    answer = await api.call("POST", "/api/tasks", drafts)

    assert answer.status_code == 422
    assert problems(answer.json()) == [(1, "className"), (2, "prio"), (3, "body")]
    assert [detail["loc"] for detail in answer.json()["detail"]] == [
        ["body", 1, "className"],
        ["body", 2, "prio"],
        ["body", 3],
    ]
    assert await api.engine.catalog.count_by_status() == {}


async def test_an_unknown_field_is_refused_with_the_nearest_name(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks", {"className": "Demo", "priorty": 1})

    assert answer.status_code == 422
    assert "did you mean priority?" in answer.json()["message"]


async def test_a_known_id_is_a_conflict_that_names_ids_and_indexes(api: Served) -> None:
    await api.call("POST", "/api/tasks", {"className": "Demo", "id": "mine"})

    answer = await api.call("POST", "/api/tasks", [{"className": "Demo"}, {"className": "Demo", "id": "mine"}])

    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_task")
    assert answer.json()["fields"] == {"ids": ["mine"], "indexes": [1]}


async def test_the_same_idempotency_key_is_the_same_task(api: Served) -> None:
    draft = {"className": "Demo", "idempotencyKey": "order-7"}

    first, second = [await api.call("POST", "/api/tasks", draft) for _ in range(2)]
    other = await api.call("POST", "/api/tasks", {**draft, "priority": 9})

    assert (second.status_code, second.json()["id"]) == (201, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_task_for_later_says_that_it_waits_for_its_moment(api: Served) -> None:
    later = api.clock.wall_ms() + 60_000

    answer = await api.call("POST", "/api/tasks", {"className": "Demo", "notBefore": later})

    assert (answer.json()["eligibleAt"], answer.json()["waiting"]) == (later, "not_before")


async def test_an_executor_pins_the_task_to_that_node(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks", {"className": "Demo", "executor": "node-1"})

    assert (answer.json()["executor"], answer.json()["pinnedTo"]) == ("node-1", "node-1")


async def test_a_circle_is_refused_with_the_index_of_each_of_its_tasks(api: Served) -> None:
    circle = [
        {"className": "Demo"},
        {"className": "Demo", "id": "a", "dependencies": ["b"]},
        {"className": "Demo", "id": "b", "dependencies": ["a"]},
    ]

    answer = await api.call("POST", "/api/tasks", circle)

    assert (answer.status_code, problems(answer.json())) == (422, [(1, "dependencies"), (2, "dependencies")])
    assert "is a circle: a → b → a" in answer.json()["message"]
    assert [detail["loc"][1] for detail in answer.json()["detail"]] == [1, 2]


async def test_an_unknown_dependency_is_refused_by_code(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks", [{"className": "Demo"}, {"className": "Demo", "dependencies": ["x"]}])

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_dependency")
    assert answer.json()["fields"]["errors"][0]["index"] == 1
    alone = await api.call("POST", "/api/tasks", {"className": "Demo", "dependencies": ["x"]})
    assert (alone.status_code, alone.json()["code"]) == (422, "unknown_dependency")
    assert alone.json()["fields"]["errors"] == [{"field": "dependencies", "message": "there is no task 'x'"}]
    assert await api.engine.catalog.count_by_status() == {}


async def test_tasks_of_one_batch_show_that_they_wait_for_each_other(api: Served) -> None:
    batch = [{"className": "Demo", "id": "b", "dependencies": ["a"]}, {"className": "Demo", "id": "a"}]

    shown = (await api.call("POST", "/api/tasks", batch)).json()["items"]

    assert [(task["id"], task["waiting"]) for task in shown] == [("b", "dependency"), ("a", None)]


async def test_a_tenant_with_a_full_queue_is_told_to_come_again(api: Served) -> None:
    await api.parts.policies.set_tenant("acme", TenantPolicy(max_queued=1))
    draft = {"className": "Demo", "tenant": "acme"}

    taken, refused = [await api.call("POST", "/api/tasks", draft) for _ in range(2)]

    assert taken.status_code == 201
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert refused.json()["fields"] == {"tenant": "acme", "limit": 1}
    assert refused.headers["retry-after"] == "1"


async def test_ndjson_is_refused_with_a_clear_text(api: Served) -> None:
    headers = {"content-type": "application/x-ndjson"}

    answer = await api.http.post("/api/tasks", content=b'{"className":"Demo"}\n', headers=headers)

    assert answer.status_code == 415
    assert "NDJSON is not supported yet" in answer.json()["message"]


async def test_a_missing_body_is_refused(api: Served) -> None:
    answer = await api.call("POST", "/api/tasks")

    assert (answer.status_code, problems(answer.json())) == (422, [(None, "body")])


@pytest.mark.parametrize(
    ("error", "status"),
    [(StoreUnavailable(), 503), (OutcomeUnknown(), 503), (QueueFull("acme", 5), 429), (StoreFull(), 507)],
    ids=["unavailable", "unknown", "queue full", "full"],
)
async def test_a_store_that_cannot_is_told_by_code(
    api: Served, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def submit(*_: object) -> None:
        raise error

    monkeypatch.setattr(api.engine.intake, "submit", submit)

    answer = await api.call("POST", "/api/tasks", {"className": "Demo"})

    assert (answer.status_code, answer.json()["code"]) == (status, error.code)  # type: ignore[attr-defined]
    assert answer.headers.get("retry-after") == (None if status == 507 else "1")
