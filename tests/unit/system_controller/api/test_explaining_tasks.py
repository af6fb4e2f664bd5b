"""Why a task is not running, over HTTP."""

from typing import Any

from skalds.config._enum import SystemControllerModeEnum
from skalds.model.node import Liveness
from skalds.model.task import Assignment
from tests.unit.system_controller.api.served import Served, serve

ASSIGNMENT = Assignment(id="a1", skald_id="node-1", session=1, term=1, assigned_at=1, accept_by=2)


async def explained(api: Served, task_id: str = "task-1") -> dict[str, Any]:
    answer = await api.call("GET", f"/api/tasks/{task_id}/explain")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_task_without_a_node_for_it_is_explained_node_by_node(api: Served) -> None:
    api.add_node(id="node-1", classes=frozenset({"Other"}))
    api.add_node(id="node-2", liveness=Liveness.LOST)
    await api.call("POST", "/api/tasks", {"className": "Demo", "id": "task-1"})

    assert await explained(api) == {
        "id": "task-1",
        "status": "Created",
        "reason": "class_not_supported",
        "permanent": True,
        "since": api.clock.wall_ms(),
        "text": "No node that takes work has the class 'Demo'.",
        "change": "node 'node-1': register the class 'Demo' there",
        "counts": {"no_node_online": 1, "class_not_supported": 1},
        "nodes": [
            {
                "id": "node-1",
                "reasons": ["class_not_supported"],
                "changes": ["register the class 'Demo' there"],
                "state": None,
            },
            {"id": "node-2", "reasons": ["no_node_online"], "changes": ["bring it back online"], "state": "offline"},
        ],
        "dependencies": [],
        "tasksBefore": 0,
    }


async def test_a_dependency_is_named_with_its_status(api: Served) -> None:
    batch = [{"className": "Demo", "id": "a"}, {"className": "Demo", "id": "b", "dependencies": ["a"]}]
    await api.call("POST", "/api/tasks", batch)

    found = await explained(api, "b")

    assert (found["reason"], found["dependencies"]) == ("dependency", [{"id": "a", "status": "Created"}])
    assert (found["change"], found["tasksBefore"]) == ("wait until all it depends on is Finished", None)


async def test_a_running_task_has_a_sentence_and_no_reason(api: Served) -> None:
    await api.stored(lifecycle_status="Running", executor="node-1", assignment=ASSIGNMENT, attempt=1)

    found = await explained(api)

    assert (found["status"], found["reason"], found["change"], found["nodes"]) == ("Running", None, None, [])
    assert found["text"] == "It runs on node 'node-1' in attempt 1."


async def test_a_controller_that_does_not_dispatch_explains_too() -> None:
    async with serve(SystemControllerModeEnum.CONTROLLER) as api:
        await api.call("POST", "/api/tasks", {"className": "Demo", "id": "task-1"})

        assert (await explained(api))["reason"] == "no_node_online"


async def test_an_unknown_task_is_not_found(api: Served) -> None:
    answer = await api.call("GET", "/api/tasks/nobody/explain")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
