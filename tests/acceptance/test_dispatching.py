"""Tasks travel from the API to worker processes and back."""

from collections import Counter

import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def test_every_task_runs_once_and_returns_its_result(system: RunningSystem) -> None:
    system.start_nodes("a", "b", "c")
    drafts = [{"className": "Double", "attachments": {"number": n}, "priority": n % 11} for n in range(60)]

    answer = system.call("POST", "/api/tasks/", json=drafts)

    tasks = system.wait_final([item["id"] for item in answer.json()["items"]])
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    assert [task["result"] for task in tasks] == [2 * n for n in range(60)]
    assert {task["attempt"] for task in tasks} == {1}
    assert {task["executor"] for task in tasks} == {"a", "b", "c"}


def test_tasks_sent_before_any_node_exists_wait_and_then_run(system: RunningSystem) -> None:
    (task_id,) = system.submit("Double", attachments={"number": 4})
    wait_for(lambda: system.task(task_id)["waiting"] == "no_node_online")

    system.start_nodes("late")

    (task,) = system.wait_final([task_id])
    assert task["result"] == 8


def test_a_class_no_node_knows_waits_with_its_reason_and_hides_nobody(system: RunningSystem) -> None:
    system.start_nodes("a")
    (unknown,) = system.submit("Unheard", priority=10)
    (known,) = system.submit("Double", attachments={})

    system.wait_final([known])

    assert system.task(unknown)["waiting"] == "class_not_supported"
    assert system.task(unknown)["lifecycleStatus"] == "Created"


def test_more_tasks_than_slots_wait_for_a_free_slot(system: RunningSystem) -> None:
    system.start_nodes("a", slots=1)
    (running,) = system.submit_in_folder("UntilStopped")
    system.recorded(running, 1)

    (waiting,) = system.submit("Double", attachments={})

    wait_for(lambda: system.task(waiting)["waiting"] == "no_free_slot")
    system.call("PUT", f"/api/tasks/{running}/status", json={"lifecycleStatus": "Cancelled"})
    system.wait_final([waiting, running])


def test_a_failing_task_is_retried_and_then_failed_for_good(system: RunningSystem) -> None:
    system.start_nodes("a")

    (task_id,) = system.submit("Failing", maxAttempts=2, retryDelayMs=50)

    (task,) = system.wait_final([task_id])
    assert (task["lifecycleStatus"], task["failures"], task["attempt"]) == ("Failed", 2, 2)
    assert task["exception"] == "nothing works"
    assert "RuntimeError" in task["errorDetail"]["type"]
    assert [run["outcome"] for run in task["runs"]] == ["failed", "failed"]


def test_a_worker_that_ends_without_a_word_has_failed(system: RunningSystem) -> None:
    system.start_nodes("a")

    (task_id,) = system.submit("Silent", maxAttempts=1)

    (task,) = system.wait_final([task_id])
    assert task["lifecycleStatus"] == "Failed"
    assert "without reporting" in task["exception"]


def test_new_attachments_reach_the_running_worker(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("Adjustable")
    system.recorded(task_id, 1)

    answer = system.call("PUT", f"/api/tasks/{task_id}/attachments", json={"attachments": {"folder": "/elsewhere"}})

    assert answer.json()["data"] == {"taskId": task_id, "attachments": {"folder": "/elsewhere"}}
    updated = system.folder / "updated"
    assert wait_for(lambda: updated.read_text() if updated.exists() else "") == "/elsewhere"
    assert system.task(task_id)["attachments"] == {"folder": "/elsewhere"}
    system.call("DELETE", f"/api/tasks/{task_id}")
    late = system.call("PUT", f"/api/tasks/{task_id}/attachments", json={"attachments": {}})
    assert (late.status_code, late.json()["code"]) == (409, "transition_refused")


def test_the_strategy_of_a_running_system_can_be_switched(system: RunningSystem) -> None:
    system.start_nodes("a", "b", "c", slots=9)
    # Three tasks that stay make "a" the fullest node for LEAST_TASKS and nothing special for ROUND_ROBIN.
    before = system.call("GET", "/api/dispatcher").json()

    switched = system.call("PUT", "/api/dispatcher", json={"strategy": "round_robin"})

    assert before["strategy"] == "LEAST_TASKS"
    assert (switched.status_code, switched.json()["strategy"]) == (200, "ROUND_ROBIN")
    ids = [task_id for _ in range(9) for task_id in system.submit("Double", attachments={})]
    executors = Counter(task["executor"] for task in system.wait_final(ids))
    assert executors == {"a": 3, "b": 3, "c": 3}
    assert system.call("GET", "/api/system/metrics").json()["dispatcher"]["strategy"] == "ROUND_ROBIN"


def test_an_idle_system_without_round_robin_sends_single_tasks_to_the_first_node(system: RunningSystem) -> None:
    system.start_nodes("a", "b", "c")

    executors = set()
    for _ in range(6):
        (task,) = system.wait_final(system.submit("Double", attachments={}))
        executors.add(task["executor"])

    assert executors == {"a"}


def test_an_unknown_strategy_is_refused_with_the_valid_names(system: RunningSystem) -> None:
    answer = system.call("PUT", "/api/dispatcher", json={"strategy": "FASTEST"})

    assert answer.status_code == 422
    assert "LEAST_TASKS, ROUND_ROBIN, RANDOM" in answer.text
    assert system.call("GET", "/api/dispatcher").json()["strategy"] == "LEAST_TASKS"
