"""Nodes, health, status, metrics and the dispatcher over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from skalds.config._enum import SystemControllerModeEnum
from skalds.errors import StoreUnavailable
from skalds.model.node import Liveness
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.run_change import LiveRun, RunChange
from skalds.system_controller.usage import Load
from tests.unit.system_controller.api.served import Served, serve


@pytest.fixture
async def plain() -> AsyncIterator[Served]:
    """The API of a controller of mode CONTROLLER, which has no dispatcher."""
    async with serve(SystemControllerModeEnum.CONTROLLER) as served:
        yield served


def run_on(node_id: str, task_id: str) -> LiveRun:
    return LiveRun(task_id, 1, "Running", node_id, 1, 1)


async def test_a_node_is_shown_with_the_fields_of_older_versions_and_ours(api: Served) -> None:
    api.add_node(id="node-1", beats=205, classes=frozenset({"B", "A"}), labels={"zone": "north"})
    api.parts.cluster.live_runs.reserve([run_on("node-1", "t2"), run_on("node-1", "t1")], 0.0)

    shown = (await api.call("GET", "/api/skalds/node-1")).json()

    assert {name: shown[name] for name in ("id", "type", "status", "lastHeartbeat", "heartbeat", "taskCount")} == {
        "id": "node-1",
        "type": "node",
        "status": "online",
        "lastHeartbeat": str(api.clock.wall_ms()),
        "heartbeat": 5,
        "taskCount": 2,
    }
    assert (shown["supportedTasks"], shown["currentTasks"]) == (["A", "B"], ["t1", "t2"])
    assert (shown["slots"], shown["usedSlots"], shown["labels"]) == (2, 2, {"zone": "north"})


async def test_a_node_tells_what_is_reserved_and_which_classes_rest_there(api: Served) -> None:
    api.add_node(id="node-1", reserved=Reserved(1, 8))
    api.add_node(id="node-2")
    for attempt in (1, 2, 3):
        for status, live in (("Running", True), ("Failed", False)):
            change = RunChange(1, "t", "Demo", 1, status, False, attempt, "node-1", 1, 1, live, not live)
            api.parts.picture.breakers.follow([change])

    first, second = (await api.call("GET", "/api/skalds/")).json()["items"]
    await api.clock.advance(10)
    later = (await api.call("GET", "/api/skalds/node-1")).json()

    assert (first["reservedSlots"], second["reservedSlots"]) == ({"slots": 1, "priority": 8}, None)
    assert first["breakers"] == {"open": ["Demo"], "probing": []}
    assert second["breakers"] == {"open": [], "probing": []}
    assert later["breakers"] == {"open": [], "probing": ["Demo"]}


async def test_a_node_tells_what_of_its_resources_is_in_use(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    api.add_node(id="node-1", resources={"cpu": 8.0, "gpu": ["0", "1"]})
    load = Load(1, 1, Resources(cpu=1500, gpu=1))
    monkeypatch.setattr(api.parts.cluster.live_runs.usage, "load_of", lambda _: load)

    shown = (await api.call("GET", "/api/skalds/node-1")).json()

    assert (shown["usedResources"], shown["resources"]["gpu"]) == ({"cpu": 1.5, "gpu": 1}, ["0", "1"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("?status=online", ["a", "b"]),
        ("?status=offline", ["c"]),
        ("?type=edge", ["b"]),
        ("?type=", ["a", "b", "c"]),
    ],
)
async def test_nodes_are_listed_by_id(api: Served, query: str, expected: list[str]) -> None:
    api.add_node(id="c", liveness=Liveness.LOST)
    api.add_node(id="b", mode="edge", liveness=Liveness.SUSPECT)
    api.add_node(id="a")

    body = (await api.call("GET", f"/api/skalds/{query}")).json()

    assert [item["id"] for item in body["items"]] == expected
    assert body["total"] == len(expected)
    assert (await api.call("GET", f"/api/skalds{query}")).json() == body


async def test_an_unknown_node_is_not_found(api: Served) -> None:
    assert (await api.call("GET", "/api/skalds/nope")).json()["fields"] == {"kind": "skald", "id": "nope"}


async def test_health_follows_the_store(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    well = await api.call("GET", "/api/system/health")

    async def read(_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(api.engine.leases, "read", read)
    ill = await api.call("GET", "/api/system/health")

    assert (well.status_code, well.json()["status"]) == (200, "healthy")
    assert (ill.status_code, ill.json()["status"]) == (503, "unhealthy")
    assert set(ill.json()["services"]) == {"skald_store", "task_store"}


async def test_status_lists_the_components_with_the_dispatchers_details(api: Served) -> None:
    await api.clock.advance(90)

    body = (await api.call("GET", "/api/system/status")).json()

    components = {component["name"]: component for component in body["components"]}
    assert (body["mode"], body["uptime"]) == ("DISPATCHER", 90)
    assert set(components) == {"SkaldMonitor", "TaskMonitor", "Dispatcher", "SkaldStore", "TaskStore"}
    details = components["Dispatcher"]["details"]
    assert {"running", "interval", "strategy", "thread_alive", "available_skalds", "total_skald_tasks"} <= set(details)


async def test_a_controller_without_monitor_lists_its_stores_only(plain: Served) -> None:
    body = (await plain.call("GET", "/api/system/status")).json()

    assert [component["name"] for component in body["components"]] == ["SkaldStore", "TaskStore"]


async def test_the_summary_counts_nodes_and_tasks(api: Served) -> None:
    api.add_node(id="a")
    api.add_node(id="b", mode="edge", liveness=Liveness.LOST)
    await api.stored(id="t1")
    await api.stored(id="t2", lifecycle_status="Finished", final=True)

    body = (await api.call("GET", "/api/system/dashboard/summary")).json()

    assert body == {
        "totalSkalds": 2,
        "onlineSkalds": 1,
        "nodeSkalds": 1,
        "edgeSkalds": 1,
        "totalTasks": 2,
        "createdTasks": 1,
        "assigningTasks": 0,
        "runningTasks": 0,
        "pausedTasks": 0,
        "finishedTasks": 1,
        "failedTasks": 0,
        "cancelledTasks": 0,
    }


async def test_metrics_have_every_documented_figure(api: Served) -> None:
    api.add_node(id="a")
    api.add_node(id="b")
    api.parts.cluster.live_runs.reserve([run_on("a", "t1")], 0.0)

    body = (await api.call("GET", "/api/system/metrics")).json()

    assert body["skalds"] == {
        "total": 2,
        "online": 2,
        "offline": 0,
        "nodes": 2,
        "edges": 0,
        "availableNodes": 2,
        "busyNodes": 1,
        "idleNodes": 1,
    }
    assert {"monitored", "running", "failed", "finished", "cancelled", "assigning", "total", "totalAssigned"} <= set(
        body["tasks"]
    )
    assert body["performance"] == {
        "averageTasksPerSkald": 0.5,
        "taskDistribution": {"a": 1, "b": 0},
        "systemLoad": {"skaldUtilization": 50.0, "nodeUtilization": 50.0},
    }
    assert body["dispatcher"] == {
        "strategy": "LEAST_TASKS",
        "interval": 5,
        "assignedTotal": 0,
        "lastPass": None,
        "passMs": None,
    }


async def test_metrics_of_an_empty_system_divide_by_nothing(plain: Served) -> None:
    body = (await plain.call("GET", "/api/system/metrics")).json()

    assert body["performance"]["systemLoad"] == {"skaldUtilization": 0.0, "nodeUtilization": 0.0}
    assert body["dispatcher"] is None


async def test_the_strategy_is_switched_and_put_back(api: Served) -> None:
    switched = await api.call("PUT", "/api/dispatcher", {"strategy": "round_robin"})
    shown = await api.call("GET", "/api/dispatcher")
    back = await api.call("PUT", "/api/dispatcher", {"strategy": None})

    assert (switched.status_code, switched.json()["strategy"]) == (200, "ROUND_ROBIN")
    assert (shown.json()["strategy"], shown.json()["strategySource"]) == ("ROUND_ROBIN", "runtime")
    assert back.json()["strategy"] == "LEAST_TASKS"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"strategy": "FASTEST"}, "LEAST_TASKS, ROUND_ROBIN"),
        ({"strategy": 1}, "there is no strategy 1"),
        ({}, "at least one of strategy, interval, paused"),
        ({"strategy": "RANDOM", "interval": 0}, "from 1 to 86400"),
        ({"strategy": "RANDOM", "paused": "yes"}, "paused: must be true, false or null"),
        ({"strategies": "RANDOM"}, "no field of this name"),
        ([], "must be a JSON object"),
    ],
)
async def test_a_wrong_change_of_the_dispatcher_is_refused(api: Served, body: Any, says: str) -> None:
    answer = await api.call("PUT", "/api/dispatcher", body)

    assert answer.status_code == 422
    assert says in answer.json()["message"]
    assert (await api.call("GET", "/api/dispatcher")).json()["strategy"] == "LEAST_TASKS"


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_controller_without_a_dispatcher_says_so(plain: Served, method: str) -> None:
    answer = await plain.call(method, "/api/dispatcher", {"strategy": "RANDOM"} if method == "PUT" else None)

    assert answer.status_code == 404
    assert "CONTROLLER" in answer.json()["detail"]


async def test_the_root_paths_say_what_is_here(api: Served) -> None:
    root, index = (await api.call("GET", "/")).json(), (await api.call("GET", "/api")).json()

    assert (root["name"], root["mode"], root["status"]) == ("Skalds SystemController", "DISPATCHER", "running")
    assert root["endpoints"] == {"api": "/api", "docs": "/api/docs", "dashboard": None}
    assert index["name"] == "SystemController API"
    assert {"tasks", "skalds", "events", "system"} <= set(index["endpoints"])


async def test_docs_are_served(api: Served) -> None:
    assert (await api.call("GET", "/api/docs")).status_code == 200


async def test_an_unknown_path_is_not_found_in_the_words_of_older_versions(api: Served) -> None:
    answer = await api.call("GET", "/api/nope")

    assert answer.status_code == 404
    assert (
        answer.json()
        | {
            "error": "Not Found",
            "message": "The requested resource '/api/nope' was not found",
            "suggestion": "Check the API documentation at /api/docs",
        }
        == answer.json()
    )


async def test_a_wrong_method_is_refused_and_names_the_right_ones(api: Served) -> None:
    answer = await api.call("PATCH", "/api/tasks/task-1/status")

    assert (answer.status_code, answer.json()["detail"]) == (405, "Method Not Allowed")
    assert answer.headers["allow"] == "PUT"
