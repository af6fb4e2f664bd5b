"""Tenants, limits, states of nodes and the audit log over HTTP."""

from typing import Any
from urllib.parse import quote

import pytest

from skalds.errors import StoreUnavailable
from skalds.model.policy import NodePolicy
from skalds.model.run_change import LiveRun
from skalds.testing import a_task
from tests.unit.system_controller.api.served import Served, serve


async def running(api: Served, **changes: Any) -> None:
    """A task that holds a slot of node-1."""
    (task,) = await api.engine.intake.submit([a_task(**changes)])
    (lane,) = {lane.id for lane in await api.engine.queue.lanes()}
    await api.parts.cluster.live_runs._keys.learn([lane])  # type: ignore[attr-defined]
    api.parts.cluster.live_runs.reserve([LiveRun(task.id, 1, "Running", "node-1", 1, lane)], 0.0)


async def test_a_tenant_nobody_named_has_the_defaults(api: Served) -> None:
    assert (await api.call("GET", "/api/tenants/new")).json() == {
        "tenant": "new",
        "weight": 1.0,
        "maxRunning": None,
        "maxQueued": None,
        "isSet": False,
        "running": 0,
        "usedSlots": 0,
        "queued": 0,
    }


async def test_a_tenant_is_set_field_by_field_and_unset(api: Served) -> None:
    first = await api.call("PUT", "/api/tenants/t", {"weight": 2, "maxRunning": 5})
    second = await api.call("PUT", "/api/tenants/t", {"maxQueued": 0, "maxRunning": None})
    third = await api.call("PUT", "/api/tenants/t", {"weight": None})
    gone = await api.call("DELETE", "/api/tenants/t")

    limits = ("weight", "maxRunning", "maxQueued", "isSet")
    assert [tuple(answer.json()[name] for name in limits) for answer in (first, second, third, gone)] == [
        (2.0, 5, None, True),
        (2.0, None, 0, True),
        (1.0, None, 0, True),
        (1.0, None, None, False),
    ]


async def test_tenants_are_listed_with_what_they_use(api: Served) -> None:
    await running(api, id="a", tenant="busy", slots=3)
    await api.engine.intake.submit([a_task(id=name, tenant="waits") for name in "bc"])
    await api.call("PUT", "/api/tenants/set", {"weight": 3})

    body = (await api.call("GET", "/api/tenants")).json()

    assert [(one["tenant"], one["running"], one["usedSlots"], one["queued"]) for one in body["items"]] == [
        ("busy", 1, 3, 1),
        ("set", 0, 0, 0),
        ("waits", 0, 0, 2),
    ]
    assert body["total"] == 3
    assert (await api.call("GET", "/api/tenants/waits")).json() == body["items"][2]
    assert (await api.call("GET", "/api/tenants/")).json() == body


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/tenants/t", {"weight": 0}, "weight"),
        ("/api/tenants/t", {"weight": 1001}, "weight"),
        ("/api/tenants/t", {"weight": True}, "weight"),
        ("/api/tenants/t", {"weight": "1"}, "weight"),
        ("/api/tenants/t", {"maxRunning": -1}, "maxRunning"),
        ("/api/tenants/t", {"maxQueued": 1.5}, "maxQueued"),
        ("/api/tenants/t", {"share": 2}, "share"),
        ("/api/tenants/t", {}, "body"),
        ("/api/tenants/a%20b", {"weight": 1}, "path.tenant"),
        (f"/api/tenants/{'x' * 129}", {"weight": 1}, "path.tenant"),
        ("/api/limits/k", {"max": 0}, "max"),
        ("/api/limits/k", {"max": 100_001}, "max"),
        ("/api/limits/k", {"max": None}, "max"),
        ("/api/limits/k", {"limit": 3}, "limit"),
        ("/api/limits/k", {}, "max"),
        (f"/api/limits/{'k' * 129}", {"max": 1}, "path.concurrencyKey"),
        ("/api/limits/a%09b", {"max": 1}, "path.concurrencyKey"),
        ("/api/reservations/zone=a", {"slots": 0, "priority": 5}, "slots"),
        ("/api/reservations/zone=a", {"slots": True, "priority": 5}, "slots"),
        ("/api/reservations/zone=a", {"slots": 1, "priority": 11}, "priority"),
        ("/api/reservations/zone=a", {"slots": 1}, "priority"),
        ("/api/reservations/zone=a", {"slots": 1, "priority": 5, "max": 1}, "max"),
        ("/api/reservations/zone", {"slots": 1, "priority": 5}, "path.label"),
        ("/api/reservations/zone=", {"slots": 1, "priority": 5}, "path.label"),
        ("/api/reservations/zone=a=b", {"slots": 1, "priority": 5}, "path.label"),
        ("/api/skalds/node-1/labels", {"zone": 1}, "zone"),
        ("/api/skalds/node-1/labels", {"zone": []}, "zone"),
        ("/api/skalds/node-1/labels", {"zone": "a b"}, "zone"),
        ("/api/skalds/node-1/labels", {"": "a"}, ""),
        ("/api/skalds/node-1/labels", [], "body"),
        ("/api/skalds/node-1/labels", {f"l{n}": "x" for n in range(65)}, "body"),
    ],
)
async def test_what_cannot_be_set_is_refused_by_field(api: Served, path: str, body: Any, field: str) -> None:
    await api.register()

    answer = await api.call("PUT", path, body)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["fields"]["errors"]] == [field]
    assert dict(await api.engine.settings.read()) == {}


@pytest.mark.parametrize("key", ["camera", "a/b", "a b?c#d%2F", "../x", "ключ"])
async def test_a_limit_is_set_under_any_key_and_unset(api: Served, key: str) -> None:
    path = f"/api/limits/{quote(key, safe='')}"

    put = await api.call("PUT", path, {"max": 3})
    listed = await api.call("GET", "/api/limits")
    gone = await api.call("DELETE", path)

    assert put.json() == {"concurrencyKey": key, "max": 3, "isSet": True, "running": 0}
    assert listed.json() == {"items": [put.json()], "total": 1}
    assert gone.json() == (await api.call("GET", path)).json() == put.json() | {"max": 1, "isSet": False}


async def test_slots_are_reserved_on_all_nodes_with_a_label_and_given_back(api: Served) -> None:
    await api.register()
    await api.call("PUT", "/api/skalds/node-1/labels", {"rack/row": "a"})
    path = f"/api/reservations/{quote('rack/row=a', safe='')}"

    put = await api.call("PUT", path, {"slots": 2, "priority": 8})
    listed = await api.call("GET", "/api/reservations")
    kept = (await api.call("GET", "/api/skalds/node-1")).json()["reservedSlots"]
    gone = await api.call("DELETE", path)

    assert put.json() == {"label": "rack/row=a", "slots": 2, "priority": 8, "isSet": True}
    assert listed.json() == {"items": [put.json()], "total": 1}
    assert kept == {"slots": 2, "priority": 8}
    assert gone.json() == {"label": "rack/row=a", "slots": 0, "priority": 0, "isSet": False}
    assert (await api.call("GET", path)).json() == gone.json()
    assert (await api.call("GET", "/api/skalds/node-1")).json()["reservedSlots"] is None


async def test_running_tasks_of_a_key_are_counted(api: Served) -> None:
    await running(api, concurrency_key="k")

    assert (await api.call("GET", "/api/limits")).json()["items"] == [
        {"concurrencyKey": "k", "max": 1, "isSet": False, "running": 1}
    ]


async def test_a_node_is_cordoned_drained_and_taken_back(api: Served) -> None:
    await api.register()
    states = []
    for command in ("cordon", "cordon", "drain", "cordon", "uncordon", "uncordon"):
        shown = (await api.call("POST", f"/api/skalds/node-1/{command}")).json()
        assert (await api.call("GET", "/api/skalds/node-1")).json() == shown
        states.append((shown["cordoned"], shown["draining"]))

    assert states == [(True, False), (True, False), (True, True), (True, True), (False, False), (False, False)]
    assert api.parts.policies.current.nodes == {}
    assert len(await api.engine.audit.page(50)) == 3


async def test_a_node_that_is_cordoned_is_so_for_the_planner(api: Served) -> None:
    await api.register()
    await api.call("POST", "/api/skalds/node-1/cordon")

    (view,) = api.parts.picture.nodes()

    assert view.cordoned


async def test_labels_are_laid_over_those_of_the_node(api: Served) -> None:
    await api.register(labels={"zone": "north", "disk": "hdd"})
    path = "/api/skalds/node-1/labels"

    laid = await api.call("PUT", path, {"zone": "south", "disk": "", "rack": "7", "none": None})
    back = await api.call("PUT", path, {"zone": None, "disk": None})

    assert laid.json()["labels"] == {"zone": "south", "rack": "7"}
    assert back.json()["labels"] == {"zone": "north", "disk": "hdd", "rack": "7"}
    assert back.json()["ownLabels"] == {"zone": "north", "disk": "hdd"}


async def test_labels_survive_a_cordon(api: Served) -> None:
    await api.register()
    await api.call("PUT", "/api/skalds/node-1/labels", {"a": "b"})
    await api.call("POST", "/api/skalds/node-1/cordon")

    assert api.parts.policies.current.nodes == {"node-1": NodePolicy(cordoned=True, labels={"a": "b"})}


@pytest.mark.parametrize(
    ("method", "command", "body"),
    [
        ("POST", "cordon", None),
        ("POST", "uncordon", None),
        ("POST", "drain", None),
        ("PUT", "labels", {"a": "b"}),
    ],
)
async def test_an_unknown_node_is_not_found(api: Served, method: str, command: str, body: Any) -> None:
    answer = await api.call(method, f"/api/skalds/nope/{command}", body)

    assert (answer.status_code, answer.json()["fields"]) == (404, {"kind": "skald", "id": "nope"})
    assert dict(await api.engine.settings.read()) == {}


async def test_a_node_that_has_left_can_still_be_cordoned(api: Served) -> None:
    known = await api.register()
    await api.engine.directory.leave("node-1", known.registration.session)
    api.parts.cluster.fleet.replace({})

    shown = (await api.call("POST", "/api/skalds/node-1/cordon")).json()

    assert (shown["status"], shown["cordoned"]) == ("offline", True)


async def test_every_change_is_in_the_audit_log_newest_first(api: Served) -> None:
    await api.register()
    await api.call("PUT", "/api/tenants/t", {"weight": 2})
    await api.call("PUT", "/api/limits/k", {"max": 2})
    await api.call("POST", "/api/skalds/node-1/cordon")
    await api.call("PUT", "/api/dispatcher", {"interval": 9})

    first = (await api.call("GET", "/api/audit?limit=3")).json()
    rest = (await api.call("GET", f"/api/audit?limit=3&before={first['before']}")).json()

    entries = [*first["items"], *rest["items"]]
    assert [(entry["action"], entry["target"]) for entry in entries] == [
        ("dispatcher.changed", "dispatcher"),
        ("node.changed", "node:node-1"),
        ("limit.changed", "limit:k"),
        ("tenant.changed", "tenant:t"),
    ]
    assert {entry["actor"] for entry in entries} == {"api@127.0.0.1"}
    assert entries[0]["before"] == {"interval": 5, "intervalSource": "argument"}
    assert entries[0]["after"] == {"interval": 9, "intervalSource": "runtime"}
    assert rest["before"] is None


async def test_the_audit_log_never_holds_a_token() -> None:
    async with serve(token="secret-token") as api:
        authorization = {"authorization": "Bearer secret-token"}
        await api.call("PUT", "/api/limits/k", {"max": 2}, headers=authorization)

        answer = await api.call("GET", "/api/audit", headers=authorization)

    assert len(answer.json()["items"]) == 1
    assert "secret-token" not in answer.text


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "before=0", "before=x", "page=2"])
async def test_a_wrong_part_of_the_audit_log_is_refused(api: Served, query: str) -> None:
    assert (await api.call("GET", f"/api/audit?{query}")).status_code == 422


async def test_a_store_that_cannot_changes_nothing(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(api.engine.settings, "write", write)
    answer = await api.call("PUT", "/api/limits/k", {"max": 2})

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert api.parts.policies.current.keys == {}
    assert await api.engine.audit.page(1) == []
