"""`skalds up` and `skalds demo`, as typed at a prompt."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from skalds.testing.local_processes import LocalProcesses, is_alive
from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import WORKERS, RunningSystem

pytestmark = pytest.mark.acceptance


@pytest.fixture
def up(tmp_path: Path) -> Iterator[RunningSystem]:
    """`skalds up` with two nodes."""
    folder = tmp_path / "files"
    folder.mkdir()
    command = [sys.executable, "-m", "skalds.cli.main", "up", "--nodes", "2", "--port", "0", "--app", WORKERS]
    with LocalProcesses(tmp_path) as processes, httpx.Client(timeout=30) as http:
        processes.start("up", *command)
        wait_for(lambda: "is up at" in processes.log_of("up"))
        address = processes.log_of("up").split("is up at ")[1].split()[0]
        system = RunningSystem(processes, folder, http, address)
        wait_for(lambda: [node["status"] for node in system.nodes()] == ["online", "online"])
        yield system


def _children(system: RunningSystem) -> dict[str, psutil.Process]:
    """The controller and the nodes under `skalds up`, by name."""
    found = {}
    for process in psutil.Process(system.processes.processes["up"].pid).children():
        name = process.environ().get("SKALD_ID") or "controller"
        found[name] = process
    return found


def test_a_node_that_dies_is_started_again(up: RunningSystem) -> None:
    (before,) = [node["session"] for node in up.nodes() if node["id"] == "node-1"]

    _children(up)["node-1"].kill()

    def comes_back() -> bool:
        return any(n["id"] == "node-1" and n["status"] == "online" and n["session"] > before for n in up.nodes())

    wait_for(comes_back)
    up.wait_final(up.submit("Double", count=6, attachments={}))


def test_a_controller_that_dies_is_started_again_at_the_same_address(up: RunningSystem) -> None:
    (waiting,) = up.submit("Unheard")

    _children(up)["controller"].kill()

    def answers() -> bool:
        try:
            return up.call("GET", "/api/system/health").status_code == 200
        except httpx.TransportError:
            return False

    wait_for(answers)
    assert up.task(waiting)["lifecycleStatus"] == "Created"
    up.wait_final(up.submit("Double", count=6, attachments={}))


def test_ctrl_c_stops_everything_and_hands_back_what_ran(up: RunningSystem) -> None:
    (task_id,) = up.submit_in_folder("UntilStopped")
    worker = int(up.recorded(task_id, 1))
    family = [process.pid for process in up.processes.family()]
    process = up.processes.processes.pop("up")

    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 0
    assert worker in family
    assert [pid for pid in family if is_alive(pid)] == []
    up.start_controller()
    # Had it been offered to the other node just before that left, too, it is taken back from there.
    up.wait_status(task_id, "Created")


def test_everything_stops_when_the_keeper_itself_is_killed(up: RunningSystem) -> None:
    family = [process.pid for process in up.processes.family()]

    up.processes.kill("up")

    wait_for(lambda: not [pid for pid in family if is_alive(pid)])


def test_a_port_that_is_taken_is_named_and_nothing_stays(up: RunningSystem, tmp_path: Path) -> None:
    port = up.address.rpartition(":")[2]
    command = [sys.executable, "-m", "skalds.cli.main", "up", "--port", port, "--data", str(tmp_path / "other")]

    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert refused.returncode == 2
    assert "SYSTEM_CONTROLLER_PORT" in refused.stdout


def test_the_demo_comes_out_equal() -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "skalds.cli.main", "demo"], capture_output=True, text=True, timeout=120, check=False
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Equal. Tasks:" in demo.stdout
    assert "send → main" in demo.stdout


@pytest.mark.parametrize(("option", "killed"), [("--kill", "Killed node-"), ("--kill-controller", "Killed controller")])
def test_the_demo_comes_out_equal_although_a_process_is_killed(option: str, killed: str) -> None:
    demo = subprocess.run(
        [sys.executable, "-m", "skalds.cli.main", "demo", option, "--files", "150"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Equal. Tasks: 150 Finished." in demo.stdout
    assert killed in demo.stdout
    assert "150 tasks sent, 150 in the store" in demo.stdout
