"""A node that is frozen for seconds.

Sixty seconds are too long for a test. What stands for a node that comes back after it was given up is
`test_losing_processes.test_a_silent_node_is_lost_and_its_late_run_is_stopped`: between the tenth second and the
sixtieth nothing more happens.
"""

import signal
import time
from pathlib import Path

import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance

WORKERS = str(Path(__file__).with_name("fault_workers.py"))


def test_a_node_frozen_for_five_seconds_gets_no_new_work_and_loses_nothing(system: RunningSystem) -> None:
    system.start_nodes("a", "b", slots=2, app=WORKERS)
    (first,) = system.submit_in_folder("Entered")
    wait_for(lambda: (system.folder / "entries").exists())
    frozen = system.task(first)["executor"]
    process = system.processes.processes[frozen]

    process.send_signal(signal.SIGSTOP)
    frozen_at = time.monotonic()
    wait_for(lambda: system.call("GET", "/api/dispatcher").json()["available_skalds"] == 1, seconds=5)
    more = system.submit_in_folder("Entered", count=3)
    placed = wait_for(lambda: [id_ for id_ in more if system.task(id_)["executor"]][1:] and more)

    assert {system.task(id_)["executor"] for id_ in placed} == {None, "ab".replace(frozen, "")}
    wait_for(lambda: time.monotonic() - frozen_at > 5)
    process.send_signal(signal.SIGCONT)
    # The one that found no room goes to the node that is back.
    wait_for(lambda: all(system.task(id_)["executor"] for id_ in more))
    (system.folder / "go").touch()
    tasks = system.wait_final([first, *more])
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    assert {(task["attempt"], task["losses"], task["refusals"]) for task in tasks} == {(1, 0, 0)}
    assert len((system.folder / "entries").read_text().splitlines()) == len(tasks)
