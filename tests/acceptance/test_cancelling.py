"""Cancelling reaches the process, and a process that does not listen."""

import psutil
import pytest

from skalds.testing.local_processes import is_alive
from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def test_cancelling_a_running_task_runs_its_release_hook_and_frees_the_slot(system: RunningSystem) -> None:
    system.start_nodes("a", slots=1)
    (task_id,) = system.submit_in_folder("UntilStopped")
    pid = int(system.recorded(task_id, 1))

    answer = system.call("DELETE", f"/api/tasks/{task_id}")

    assert answer.status_code == 200
    (task,) = system.wait_final([task_id])
    assert task["lifecycleStatus"] == "Cancelled"
    assert not is_alive(pid)
    assert (system.folder / "released").read_text() == task_id


def test_a_worker_that_ignores_sigterm_is_killed_after_the_grace(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("Stubborn")
    pid = int(system.recorded(task_id, 1))

    system.call("PUT", f"/api/tasks/{task_id}/status", json={"lifecycleStatus": "Cancelled"})

    wait_for(lambda: not is_alive(pid), seconds=15)
    (task,) = system.wait_final([task_id])
    assert task["lifecycleStatus"] == "Cancelled"


def test_a_waiting_task_that_is_cancelled_never_starts(system: RunningSystem) -> None:
    (task_id,) = system.submit_in_folder("Recorded")
    system.call("DELETE", f"/api/tasks/{task_id}")

    system.start_nodes("a")

    (other,) = system.submit_in_folder("Recorded")
    system.wait_final([other])
    assert [path.name for path in system.folder.iterdir()] == [f"{other}.1"]


def test_pausing_stops_the_process_and_resuming_lets_it_go_on(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("UntilStopped")
    process = psutil.Process(int(system.recorded(task_id, 1)))

    assert system.call("POST", f"/api/tasks/{task_id}/pause").status_code == 200

    wait_for(lambda: process.status() == psutil.STATUS_STOPPED)
    assert system.task(task_id)["waiting"] == "paused"
    assert system.call("POST", f"/api/tasks/{task_id}/resume").status_code == 200
    wait_for(lambda: process.status() != psutil.STATUS_STOPPED)
    assert system.task(task_id)["lifecycleStatus"] == "Running"
    system.call("DELETE", f"/api/tasks/{task_id}")
    system.wait_final([task_id])


def test_a_requeued_task_runs_again(system: RunningSystem) -> None:
    system.start_nodes("a")
    (task_id,) = system.submit_in_folder("Recorded")
    system.wait_final([task_id])

    answer = system.call("PUT", f"/api/tasks/{task_id}/status", json={"lifecycleStatus": "Created"})

    assert answer.status_code == 200
    system.recorded(task_id, 2)
    (task,) = system.wait_final([task_id])
    assert (task["attempt"], task["requeues"]) == (2, 1)
