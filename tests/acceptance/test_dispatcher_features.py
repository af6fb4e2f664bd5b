"""What decides where and when a task runs, with real processes."""

import time
from collections.abc import Sequence

import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def wait_reason(system: RunningSystem, task_id: str, reason: str) -> None:
    """Waits until the task says that this is why it waits."""
    wait_for(lambda: system.task(task_id)["waiting"] == reason)


def statuses(system: RunningSystem, ids: Sequence[str]) -> list[str]:
    return [system.task(task_id)["lifecycleStatus"] for task_id in ids]


def test_a_task_goes_where_its_labels_are(system: RunningSystem) -> None:
    system.start_nodes("plain")
    (task_id,) = system.submit_in_folder("UntilStopped", requires={"disk": "ssd"})
    wait_reason(system, task_id, "label_mismatch")

    answer = system.call("PUT", "/api/skalds/plain/labels", json={"disk": "ssd"})

    assert answer.status_code == 200, answer.text
    assert system.wait_status(task_id, "Running")["executor"] == "plain"


def test_gpu_devices_are_given_out_one_by_one(system: RunningSystem) -> None:
    system.start_nodes("gpus", slots=8, SKALD_RESOURCES="gpu=0;1;2")
    (two,) = system.submit_in_folder("Devices", resources={"gpu": 2})
    assert system.recorded(two, 1) == "[0,1]"
    (one,) = system.submit_in_folder("Devices", resources={"gpu": 1})
    assert system.recorded(one, 1) == "[2]"
    (none,) = system.submit_in_folder("Devices")
    assert system.recorded(none, 1) == "[]"
    (waiting,) = system.submit_in_folder("Devices", resources={"gpu": 1})
    wait_reason(system, waiting, "resources")

    system.call("DELETE", f"/api/tasks/{two}")

    assert system.recorded(waiting, 1) == "[0]"
    assert system.task(waiting)["runs"][-1]["devices"] == ["0"]


def test_a_chain_of_tasks_runs_in_its_order_and_ends_where_one_fails(system: RunningSystem) -> None:
    system.start_nodes("a")
    drafts = [
        {"id": "last", "className": "Double", "attachments": {"number": 3}, "dependencies": ["first", "middle"]},
        {"id": "middle", "className": "Double", "attachments": {"number": 2}, "dependencies": ["first"]},
        {"id": "first", "className": "Double", "attachments": {"number": 1}},
        {"id": "broken", "className": "Failing", "maxAttempts": 1},
        {"id": "forsaken", "className": "Double", "dependencies": ["broken"]},
        {"id": "forsaken-too", "className": "Double", "dependencies": ["forsaken"]},
    ]
    assert system.call("POST", "/api/tasks", json=drafts).status_code == 201

    chain = system.wait_final(["first", "middle", "last"])
    assert [task["result"] for task in chain] == [2, 4, 6]
    started = [task["runs"][0]["assigned"] for task in chain]
    finished = [task["runs"][0]["finished"] for task in chain]
    assert started[1] >= finished[0]
    assert started[2] >= finished[1]
    for task in system.wait_final(["forsaken", "forsaken-too"], seconds=10):
        assert (task["lifecycleStatus"], task["attempt"]) == ("Failed", 0)
        assert "depend" in task["exception"]


def test_a_task_is_not_started_after_its_deadline(system: RunningSystem) -> None:
    deadline = round(time.time() * 1000) + 1500
    (task_id,) = system.submit("Double", deadlineDateTime=deadline)

    (task,) = system.wait_final([task_id], seconds=10)

    assert (task["lifecycleStatus"], task["attempt"]) == ("Failed", 0)
    assert "deadline" in task["exception"]


def test_a_run_that_takes_too_long_is_ended_and_fails(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped", timeoutMs=1000, maxAttempts=1)
    system.recorded(task_id, 1)
    began = time.monotonic()

    (task,) = system.wait_final([task_id], seconds=10)

    assert time.monotonic() - began < 2.5
    assert task["lifecycleStatus"] == "Failed"
    assert "limit" in task["exception"]


def test_a_tenant_never_runs_more_than_its_limit_and_queues_no_more_than_it_may(system: RunningSystem) -> None:
    answer = system.call("PUT", "/api/tenants/studio", json={"maxRunning": 2, "maxQueued": 3})
    assert answer.status_code == 200, answer.text
    system.start_nodes("a", slots=8)
    ids = system.submit_in_folder("UntilStopped", count=2, tenant="studio")
    wait_for(lambda: statuses(system, ids) == ["Running"] * 2)
    waiting = system.submit_in_folder("UntilStopped", count=3, tenant="studio")
    wait_reason(system, waiting[0], "tenant_limit")

    refused = system.call("POST", "/api/tasks", json={"className": "Double", "tenant": "studio"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    system.call("DELETE", f"/api/tasks/{ids[0]}")
    wait_for(lambda: statuses(system, waiting).count("Running") == 1)

    system.call("PUT", "/api/tenants/studio", json={"maxRunning": 3})
    wait_for(lambda: statuses(system, waiting).count("Running") == 2)


def test_tasks_of_one_concurrency_key_run_one_at_a_time_unless_it_is_raised(system: RunningSystem) -> None:
    system.start_nodes("a", slots=8)
    ids = system.submit_in_folder("UntilStopped", count=3, concurrencyKey="camera 7")
    wait_for(lambda: statuses(system, ids).count("Running") == 1)
    wait_reason(system, next(i for i in ids if system.task(i)["lifecycleStatus"] == "Created"), "key_limit")

    assert system.call("PUT", "/api/limits/camera%207", json={"max": 2}).status_code == 200

    wait_for(lambda: statuses(system, ids).count("Running") == 2)


def test_an_urgent_task_gets_the_place_of_a_preemptible_one(system: RunningSystem) -> None:
    system.start_nodes("a", slots=1, SKALD_RESERVED_SLOTS="0:8")
    (batch,) = system.submit_in_folder("UntilStopped", preemptible=True)
    system.recorded(batch, 1)

    (urgent,) = system.submit_in_folder("UntilStopped", priority=9)

    system.recorded(urgent, 1)
    task = system.wait_status(batch, "Created")
    assert (task["failures"], task["losses"], task["runs"][0]["outcome"]) == (0, 0, "preempted")
    system.call("DELETE", f"/api/tasks/{urgent}")
    system.recorded(batch, 2)


def test_reserved_slots_stay_free_for_urgent_tasks(system: RunningSystem) -> None:
    system.start_nodes("a", slots=2, SKALD_RESERVED_SLOTS="1:8")
    ids = system.submit_in_folder("UntilStopped", count=2)
    wait_for(lambda: sorted(statuses(system, ids)) == ["Created", "Running"])

    (urgent,) = system.submit_in_folder("UntilStopped", priority=8)

    system.wait_status(urgent, "Running")


def test_a_node_that_fails_everything_at_once_does_not_attract_all_work(system: RunningSystem) -> None:
    system.start_nodes("a")
    ids = system.submit("Failing", count=20, maxAttempts=1)

    wait_for(lambda: "node_breaker" in {system.task(task_id)["waiting"] for task_id in ids})
    # Other classes are not affected.
    system.wait_final(system.submit("Double", attachments={"number": 1}))
    assert sum(system.task(task_id)["attempt"] == 0 for task_id in ids) > 0


def test_a_cordoned_node_takes_nothing_and_a_drained_one_gives_up_what_runs(system: RunningSystem) -> None:
    system.start_nodes("a", "b", slots=2)
    system.call("POST", "/api/skalds/a/cordon")
    ids = system.submit_in_folder("UntilStopped", count=2)
    wait_for(lambda: statuses(system, ids) == ["Running"] * 2)
    assert {system.task(task_id)["executor"] for task_id in ids} == {"b"}

    system.call("POST", "/api/skalds/a/uncordon")
    system.call("POST", "/api/skalds/b/drain")

    wait_for(
        lambda: [system.task(i)["executor"] for i in ids if system.task(i)["lifecycleStatus"] == "Running"] == ["a"] * 2
    )
    assert {(system.task(i)["failures"], system.task(i)["losses"]) for i in ids} == {(0, 0)}


def test_dispatching_can_be_paused_and_stays_so_across_restarts(system: RunningSystem) -> None:
    system.start_nodes("a")
    assert system.call("PUT", "/api/dispatcher", json={"paused": True}).status_code == 200
    (task_id,) = system.submit("Double", attachments={"number": 1})
    wait_reason(system, task_id, "dispatch_paused")
    system.processes.kill("controller")
    system.start_controller()
    assert system.call("GET", "/api/dispatcher").json()["paused"] is True
    wait_reason(system, task_id, "dispatch_paused")

    system.call("PUT", "/api/dispatcher", json={"paused": None})

    system.wait_final([task_id])


def test_explain_names_the_smallest_change_that_would_start_a_task(system: RunningSystem) -> None:
    system.start_nodes("a", SKALD_LABELS="zone=north")
    (task_id,) = system.submit("Double", requires={"zone": "south"})
    wait_reason(system, task_id, "label_mismatch")

    told = system.call("GET", f"/api/tasks/{task_id}/explain").json()

    assert told["reason"] == "label_mismatch"
    assert "zone=south" in told["change"]
    assert "'a'" in told["change"]
    assert told["counts"] == {"label_mismatch": 1}


def test_a_preview_places_what_more_nodes_would_take_and_changes_nothing(system: RunningSystem) -> None:
    system.start_nodes("a", slots=1)
    ids = system.submit_in_folder("UntilStopped", count=4)
    wait_for(lambda: statuses(system, ids).count("Running") == 1)
    more = {"nodes": [{"id": "new", "count": 2, "classes": ["UntilStopped"], "slots": 1}]}

    told = system.call("POST", "/api/dispatcher/plan", json=more).json()

    assert told["assigned"] == 2
    assert statuses(system, ids).count("Running") == 1
