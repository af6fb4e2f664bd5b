"""Attachments that no node would take are refused at the door."""

from typing import Any

import pytest

from skalds.model.task import TaskLifecycleStatus
from tests.unit.system_controller.api.served import Served

NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}


def fields(body: dict[str, Any]) -> list[tuple[int | None, str]]:
    return [(problem.get("index"), problem["field"]) for problem in body["fields"]["errors"]]


async def test_a_task_whose_attachments_fit_no_node_is_not_stored(api: Served) -> None:
    api.add_node(schemas={"Demo": NUMBER})
    batch = [{"className": "Demo", "attachments": {"number": 1}}, {"className": "Demo", "attachments": {"number": "1"}}]

    one = await api.call("POST", "/api/tasks", batch[1])
    several = await api.call("POST", "/api/tasks", [*batch, {"className": "Demo"}])

    assert (one.status_code, fields(one.json())) == (422, [(None, "attachments.number")])
    assert (several.status_code, fields(several.json())) == (
        422,
        [(1, "attachments.number"), (2, "attachments.number")],
    )
    assert several.json()["detail"][0]["loc"] == ["body", 1, "attachments", "number"]
    assert await api.engine.catalog.count_by_status() == {}


async def test_none_given_stay_none_where_none_are_needed(api: Served) -> None:
    api.add_node(schemas={"Demo": {"type": "object"}})

    await api.call("POST", "/api/tasks", {"id": "task-1", "className": "Demo"})

    stored = await api.engine.catalog.get("task-1")
    assert stored is not None
    assert stored.attachments is None


async def test_new_attachments_are_checked_unless_the_task_has_ended(api: Served) -> None:
    api.add_node(schemas={"Demo": NUMBER})
    await api.stored(id="open")
    await api.stored(id="over", lifecycle_status=TaskLifecycleStatus.CANCELLED.value, final=True)

    answers = [
        await api.call("PUT", f"/api/tasks/{task_id}/attachments", {"attachments": {"number": number}})
        for task_id, number in [("open", "1"), ("open", 1), ("over", "1")]
    ]

    assert [answer.status_code for answer in answers] == [422, 200, 409]
    assert fields(answers[0].json()) == [(None, "attachments.number")]


@pytest.mark.parametrize("more", [0, 1])
async def test_new_attachments_have_the_limit_of_those_submitted(api: Served, more: int) -> None:
    await api.stored(id="open")
    text = "x" * (256 * 1024 - len('{"v":""}') + more)

    answer = await api.call("PUT", "/api/tasks/open/attachments", {"attachments": {"v": text}})

    assert answer.status_code == (422 if more else 200)
