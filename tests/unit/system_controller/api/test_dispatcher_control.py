"""The dispatcher over HTTP: settings, backlog, passes, previews, dumps."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from skalds.model.snapshot import QueuedTask
from skalds.testing import a_task
from skalds.testing.replay import main, replay
from tests.unit.system_controller.api.served import Served

PLAN = "/api/dispatcher/plan"


async def lead(api: Served) -> None:
    assert api.leadership is not None
    await api.leadership.run_once()


async def waiting(api: Served, *names: str, **changes: Any) -> None:
    await api.engine.intake.submit([a_task(id=name, **changes) for name in names])


async def test_settings_are_changed_together_and_put_back_one_by_one(api: Served) -> None:
    changed = await api.call("PUT", "/api/dispatcher", {"strategy": "random", "interval": 9, "paused": True})
    back = await api.call("PUT", "/api/dispatcher", {"interval": None})

    names = ("strategy", "interval", "paused", "strategySource", "intervalSource", "pausedSource")
    assert [changed.json()[name] for name in names] == ["RANDOM", 9, True, "runtime", "runtime", "runtime"]
    assert [back.json()[name] for name in names] == ["RANDOM", 5, True, "runtime", "argument", "runtime"]


async def test_a_wrong_field_keeps_the_others_from_being_set(api: Served) -> None:
    answer = await api.call("PUT", "/api/dispatcher", {"strategy": "NONE", "interval": 0, "paused": True})

    assert [problem["field"] for problem in answer.json()["fields"]["errors"]] == ["strategy", "interval"]
    assert dict(await api.engine.settings.read()) == {}


async def test_status_counts_what_waits_by_class_and_by_reason(api: Served) -> None:
    later = api.clock.wall_ms() + 60_000
    await waiting(api, "a", "b", class_name="Demo")
    await waiting(api, "c", class_name="Other")
    await waiting(api, "d", class_name="Other", eligible_at=later)
    await lead(api)
    await api.call("POST", "/api/dispatcher/run")
    await waiting(api, "e", class_name="Fresh")

    assert (await api.call("GET", "/api/dispatcher")).json()["backlog"] == {
        "ready": 4,
        "waiting": 5,
        "byClass": {"Demo": 2, "Other": 2, "Fresh": 1},
        "byReason": {"no_node_online": 3, "later": 1, "next": 1},
    }


async def test_a_pass_can_be_asked_for(api: Served) -> None:
    await lead(api)
    await api.register(slots=2, classes=frozenset({"Demo"}))
    await waiting(api, "a", "b", "c")

    answer = await api.call("POST", "/api/dispatcher/run")

    assert answer.status_code == 200
    assert (answer.json()["assigned"], answer.json()["waitingLanes"]) == (2, {"no_free_slot": 1})


async def test_a_follower_makes_no_pass(api: Served) -> None:
    answer = await api.call("POST", "/api/dispatcher/run")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "does not lead" in answer.json()["message"]


async def test_a_paused_dispatcher_makes_no_pass(api: Served) -> None:
    await lead(api)
    await api.call("PUT", "/api/dispatcher", {"paused": True})

    answer = await api.call("POST", "/api/dispatcher/run")

    assert (answer.status_code, "paused" in answer.json()["message"]) == (409, True)


async def test_a_preview_says_what_a_pass_would_do_and_does_nothing(api: Served) -> None:
    api.add_node(slots=2, classes=frozenset({"Demo"}))
    await waiting(api, "a", "b", "c")
    await waiting(api, "d", class_name="Other")

    answer = await api.call("POST", PLAN)

    assert answer.json() == {
        "strategy": "LEAST_TASKS",
        "assigned": 2,
        "assignments": [
            {"taskId": "a", "nodeId": "node-1", "className": "Demo"},
            {"taskId": "b", "nodeId": "node-1", "className": "Demo"},
        ],
        "perNode": {"node-1": 2},
        "waiting": {"no_free_slot": 1, "class_not_supported": 1},
        "preemptions": [],
        "complete": True,
        "paused": False,
    }
    assert await api.engine.ledger.live_runs() == ([], (await api.engine.ledger.live_runs())[1])


async def test_added_nodes_are_filled_however_many_tasks_they_take(api: Served) -> None:
    api.add_node(slots=1, classes=frozenset({"Demo"}), labels={"zone": "a"})
    await waiting(api, *(f"t{number:03}" for number in range(300)))
    body = {"nodes": [{"count": 100, "like": "node-1", "slots": 2}], "limit": 3, "strategy": "round_robin"}

    plan = (await api.call("POST", PLAN, body)).json()

    assert (plan["assigned"], len(plan["perNode"]), len(plan["assignments"])) == (201, 101, 3)
    assert (plan["complete"], plan["strategy"]) == (True, "ROUND_ROBIN")
    assert {"new-1", "new-100", "node-1"} <= set(plan["perNode"])


async def test_a_plan_without_a_node_or_with_other_labels(api: Served) -> None:
    api.add_node(id="a", slots=1, classes=frozenset({"Demo"}))
    api.add_node(id="b", slots=1, classes=frozenset({"Demo"}))
    await waiting(api, "t", requires={"zone": "x"})

    bodies = [{}, {"labels": {"a": {"zone": "x"}}}, {"labels": {"a": {"zone": "x"}}, "without": ["a"]}]
    answers = [(await api.call("POST", PLAN, body)).json() for body in bodies]

    assert [answer["perNode"] for answer in answers] == [{}, {"a": 1}, {}]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"strategy": "NONE"}, ["strategy"]),
        ({"strategy": 1}, ["strategy"]),
        ({"limit": 2001}, ["limit"]),
        ({"limit": True}, ["limit"]),
        ({"without": ["nope"]}, ["without.0"]),
        ({"without": "node-1"}, ["without"]),
        ({"labels": {"nope": {}}}, ["labels.nope"]),
        ({"labels": {"node-1": {"a": "b c"}}}, ["labels.node-1.a"]),
        ({"labels": []}, ["labels"]),
        ({"nodes": {}}, ["nodes"]),
        ({"nodes": [1]}, ["nodes.0"]),
        ({"nodes": [{"like": "nope"}]}, ["nodes.0.like"]),
        ({"nodes": [{"id": "x"}]}, ["nodes.0.classes"]),
        ({"nodes": [{"id": "node-1", "classes": ["A"]}]}, ["nodes.0.id"]),
        ({"nodes": [{"classes": ["A"]}, {"classes": ["A"]}]}, ["nodes.1.id"]),
        ({"nodes": [{"classes": "A", "slots": -1, "count": 0, "id": "", "x": 1}]},
         ["nodes.0.x", "nodes.0.id", "nodes.0.count", "nodes.0.slots", "nodes.0.classes"]),
        ({"nodes": [{"classes": ["A"], "labels": {"a": None}}]}, ["nodes.0.labels.a"]),
        ({"nodes": [{"classes": ["A"], "resources": {"cpu": -1}}]}, ["nodes.0.resources.cpu"]),
        ({"nodes": [{"classes": ["A"], "resources": 1}]}, ["nodes.0.resources"]),
        ({"nodes": [{"classes": ["A"], "count": 501}] * 2}, ["nodes"]),
        ({"node": []}, ["node"]),
    ],
)  # fmt: skip
async def test_what_cannot_be_supposed_is_refused_by_field(api: Served, body: Any, fields: list[str]) -> None:
    api.add_node()

    answer = await api.call("POST", PLAN, body)

    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["fields"]["errors"]] == fields


@pytest.mark.parametrize("strategy", ["LEAST_TASKS", "ROUND_ROBIN", "RANDOM"])
async def test_a_dumped_pass_is_planned_again_just_so(api: Served, strategy: str) -> None:
    for number in range(5):
        api.add_node(id=f"n{number}", slots=3, classes=frozenset({"Demo"}), labels={"zone": "a"})
    await waiting(api, *(f"t{number}" for number in range(12)), prefers={"zone": "a"})
    await waiting(api, "x", class_name="Other", priority=3, resources={"cpu": 2})
    await api.call("PUT", "/api/tenants/default", {"maxRunning": 7})
    await api.call("PUT", "/api/dispatcher", {"strategy": strategy})

    dump = json.loads((await api.call("GET", "/api/dispatcher/pass")).text)

    assert (dump["version"], dump["strategy"]) == (1, strategy)
    assert len(dump["plan"]["assignments"]) == 7
    assert replay(dump).is_same


async def test_the_replay_says_whether_the_plan_is_the_same(
    api: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api.add_node(classes=frozenset({"Demo"}))
    await waiting(api, "a")
    dump = (await api.call("GET", "/api/dispatcher/pass")).json()
    same, other, wrong = (tmp_path / name for name in ("same", "other", "wrong"))
    same.write_text(json.dumps(dump), encoding="utf-8")
    other.write_text(json.dumps(dump | {"plan": dump["plan"] | {"assignments": []}}), encoding="utf-8")
    wrong.write_text(json.dumps(dump | {"version": 2}), encoding="utf-8")

    assert [main([str(path)]) for path in (same, other, wrong)] == [0, 1, 2]
    said = capsys.readouterr()
    assert said.out == "the same plan: 1 assignments\nanother plan: 1 assignments, differs in assignments\n"
    assert "version 2 of a dump is not known" in said.err


def test_the_replay_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: python -m skalds.testing.replay FILE\n")


async def test_a_replay_needs_one_readable_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (main([]), main([str(tmp_path / "missing")])) == (2, 2)
    assert "usage" in capsys.readouterr().err


async def test_a_preview_of_many_long_lanes_is_made_in_few_rounds(api: Served) -> None:
    api.add_node(classes=frozenset({"C0"}), slots=1)
    for lane in range(20):
        await waiting(api, *(f"t{lane}-{number}" for number in range(60)), class_name=f"C{lane}")
    read: list[int] = []
    heads = api.engine.queue.heads

    async def read_heads(limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        read.append(len(limits))
        return await heads(limits)

    api.engine.queue.heads = read_heads  # type: ignore[method-assign]
    classes = [f"C{lane}" for lane in range(20)]

    found = (await api.call("POST", PLAN, {"nodes": [{"classes": classes, "slots": 1500}]})).json()

    assert (found["assigned"], found["complete"]) == (1_200, True)
    assert read == [20, 20]
