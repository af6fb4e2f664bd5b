"""Processes die at the worst moment, and nothing is lost."""

import os
import signal
from collections import Counter

import psutil
import pytest

from skalds.testing.local_processes import is_alive
from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def test_the_task_of_a_killed_node_runs_elsewhere(system: RunningSystem) -> None:
    system.start_nodes("a", "b", slots=1)
    (task_id,) = system.submit_in_folder("UntilStopped")
    pid = int(system.recorded(task_id, 1))
    lost = system.task(task_id)["executor"]

    system.processes.kill(lost)

    task = system.wait_status(task_id, "Running", attempt=2, seconds=12)
    assert task["executor"] != lost
    assert (task["losses"], task["failures"]) == (1, 0)
    assert not is_alive(pid)
    assert task["runs"][0]["outcome"] == "lost"


def test_a_silent_node_is_lost_and_its_late_run_is_stopped(system: RunningSystem) -> None:
    system.start_nodes("a", "b", slots=1)
    (task_id,) = system.submit_in_folder("UntilStopped")
    late_pid = int(system.recorded(task_id, 1))
    silent = system.task(task_id)["executor"]
    process = system.processes.processes[silent]

    process.send_signal(signal.SIGSTOP)
    system.wait_status(task_id, "Running", attempt=2, seconds=20)
    process.send_signal(signal.SIGCONT)

    wait_for(lambda: not is_alive(late_pid))
    task = system.task(task_id)
    assert (task["attempt"], task["lifecycleStatus"]) == (2, "Running")
    # The node itself comes back under a new session.
    wait_for(lambda: [n["status"] for n in system.nodes() if n["id"] == silent] == ["online"])


def test_no_process_of_a_killed_node_survives(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("Entangled")
    pids = [int(pid) for pid in system.recorded(task_id, 1).split()]
    node = psutil.Process(system.processes.processes["a"].pid)
    family = [process.pid for process in node.children(recursive=True)]
    assert set(pids) <= set(family)

    system.processes.kill("a")

    wait_for(lambda: not [pid for pid in family if is_alive(pid)], seconds=1)


def test_an_interrupted_node_hands_its_tasks_back_uncounted(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped")
    system.recorded(task_id, 1)

    system.processes.kill("a", signal.SIGINT)

    system.wait_status(task_id, "Created")
    system.start_nodes("b")
    task = system.wait_status(task_id, "Running")
    assert task["executor"] == "b"
    # A controller that has not heard of the leaving yet may offer the task once more; that costs a refusal, no run.
    assert (task["failures"], task["losses"]) == (0, 0)
    assert [run["outcome"] for run in task["runs"] if run["accepted"]] == ["drained", None]


def test_a_node_told_to_terminate_lets_its_tasks_finish(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped")
    pid = int(system.recorded(task_id, 1))
    process = system.processes.processes["a"]

    process.send_signal(signal.SIGTERM)

    wait_for(lambda: [n["draining"] for n in system.nodes() if n["id"] == "a"] == [True])
    (waiting,) = system.submit("Double", attachments={})
    assert is_alive(pid)
    system.call("DELETE", f"/api/tasks/{task_id}")
    assert process.wait(20) == 0
    assert system.task(waiting)["attempt"] == 0


def test_nothing_acknowledged_is_lost_when_the_controller_is_killed(system: RunningSystem) -> None:
    system.start_nodes("a", "b")
    ids = system.submit_in_folder("Recorded", count=100)
    wait_for(lambda: any(system.folder.iterdir()))

    system.processes.kill("controller")
    system.start_controller()

    more = system.submit_in_folder("Recorded", count=20)
    tasks = system.wait_final([*ids, *more])
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    runs = Counter(path.name.rsplit(".", 1)[0] for path in system.folder.iterdir())
    # Nothing but the controller died: nodes finish what they had accepted, so nothing ran twice.
    assert runs == dict.fromkeys([*ids, *more], 1)


def test_runs_go_on_while_no_controller_is_there(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped")
    pid = int(system.recorded(task_id, 1))

    system.processes.kill("controller")
    system.start_controller()

    wait_for(lambda: system.call("GET", "/api/dispatcher").json()["total_skald_tasks"] == 1)
    assert is_alive(pid)
    task = system.task(task_id)
    assert (task["lifecycleStatus"], task["attempt"]) == ("Running", 1)


def test_a_node_without_its_zygote_ends_so_that_it_can_be_started_again(system: RunningSystem) -> None:
    system.start_nodes("a", slots=2)
    (task_id,) = system.submit_in_folder("UntilStopped")
    worker = psutil.Process(int(system.recorded(task_id, 1)))
    node = system.processes.processes["a"]

    psutil.Process(worker.ppid()).kill()

    assert node.wait(30) == 1
    assert "restart this node" in system.processes.log_of("a")
    assert not is_alive(worker.pid)
    system.start_nodes("b")
    assert system.wait_status(task_id, "Running")["executor"] == "b"


def test_a_worker_killed_from_outside_counts_as_a_failed_run(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped", retryDelayMs=10)
    pid = int(system.recorded(task_id, 1))

    os.kill(pid, signal.SIGKILL)

    system.recorded(task_id, 2)
    task = system.wait_status(task_id, "Running", attempt=2)
    assert task["failures"] == 1
