"""Starting and stopping controllers."""

import json
import signal
import subprocess
import sys

import httpx
import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def _refused(system: RunningSystem, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    data = str(system.processes.directory / "data")
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env={"SKALDS_DATA_DIR": data, "PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_documented_start_dispatches(system: RunningSystem) -> None:
    system.processes.stop()
    command = [sys.executable, "-m", "skalds.system_controller.main"]
    system.processes.start("documented", *command, SYSTEM_CONTROLLER_MODE="DISPATCHER", SYSTEM_CONTROLLER_PORT="0")
    wait_for(lambda: "url=" in system.processes.log_of("documented"))
    system.address = system.processes.log_of("documented").rpartition("url=")[2].split()[0]
    system.start_nodes("a")

    (task,) = system.wait_final(system.submit("Double", attachments={"number": 21}))

    assert task["result"] == 42
    status = system.call("GET", "/api/system/status").json()
    assert status["mode"] == "DISPATCHER"
    assert "Dispatcher" in {component["name"] for component in status["components"]}


def test_a_second_controller_on_the_data_directory_is_refused(system: RunningSystem) -> None:
    second = _refused(system, "skalds.system_controller.main", SYSTEM_CONTROLLER_PORT="0")

    assert second.returncode == 3
    assert system.address in second.stderr
    assert str(system.processes.processes["controller"].pid) in second.stderr
    assert len(second.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("SYSTEM_CONTROLLER_MODE", "BOSS", "CONTROLLER, MONITOR, DISPATCHER"),
        ("DISPATCHER_STRATEGY", "FASTEST", "LEAST_TASKS, ROUND_ROBIN, RANDOM"),
    ],
)
def test_an_unknown_name_stops_the_start_with_the_valid_ones(
    system: RunningSystem, name: str, value: str, valid: str
) -> None:
    refused = _refused(system, "skalds.system_controller.main", **{name: value})

    assert refused.returncode == 2
    assert name in refused.stderr
    assert valid in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_clean_stop_resigns_so_that_the_next_one_leads_at_once(system: RunningSystem) -> None:
    first = system.processes.processes.pop("controller")
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0

    system.start_controller()

    # Its first look at the lease may come after its first answer, but not a second later.
    wait_for(lambda: system.call("GET", "/api/dispatcher").json()["leading"], seconds=1)
    assert system.call("GET", "/api/dispatcher").json()["term"] == 2


def test_the_event_stream_answers_at_once_with_the_connection_frame(system: RunningSystem) -> None:
    with httpx.stream("GET", f"{system.address}/api/events/tasks", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        field, _, value = next(answer.iter_lines()).partition(": ")
        assert field == "data"
        assert json.loads(value) == {"type": "connection", "message": "Connected to Task events"}
