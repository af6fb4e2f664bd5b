"""A second controller on the data directory: waits beside the first and takes over when it has gone (L6)."""

import signal
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
import pytest

from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


def start_standby(system: RunningSystem) -> subprocess.Popen[bytes]:
    """A standby for the same port as the first, that waits already."""
    port = str(urlsplit(system.address).port)
    command = [sys.executable, "-m", "skalds.cli.main", "controller", "--standby", "--port", port]
    process = system.processes.start("standby", *command)
    wait_for(lambda: "controller.standby" in system.processes.log_of("standby"))
    return process


def wait_leading(system: RunningSystem) -> int:
    """Waits until a controller answers and leads; its term."""

    def look() -> int:
        try:
            status = system.call("GET", "/api/dispatcher").json()
        except httpx.TransportError:
            return 0
        return int(status["term"]) if status["leading"] else 0

    return wait_for(look)


def test_a_standby_waits_and_takes_over_when_the_first_is_killed(system: RunningSystem) -> None:
    system.start_nodes("a")
    (running,) = system.submit_in_folder("UntilStopped")
    system.recorded(running, 1)
    assert wait_leading(system) == 1
    start_standby(system)
    killed_at = time.monotonic()

    system.processes.kill("controller")

    assert wait_leading(system) == 2
    assert time.monotonic() - killed_at < 5
    # Nothing but the controller died: what runs goes on, and new work is dispatched.
    (task,) = system.wait_final(system.submit("Double", attachments={"number": 21}))
    assert task["result"] == 42
    assert system.task(running)["attempt"] == 1


def test_a_standby_takes_over_within_a_second_of_a_clean_stop(system: RunningSystem) -> None:
    start_standby(system)
    first = system.processes.processes.pop("controller")
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    stopped_at = time.monotonic()

    assert wait_leading(system) == 2
    assert time.monotonic() - stopped_at < 1


def test_a_standby_says_once_whom_it_waits_for_and_binds_nothing(system: RunningSystem) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "skalds.cli.main", "controller", "--standby", "--port", port]
        standby = system.processes.start("standby", *command)
        wait_for(lambda: "controller.standby" in system.processes.log_of("standby"))
        # Many looks later it still waits, and has said nothing more.
        looked_at = time.monotonic()
        wait_for(lambda: time.monotonic() - looked_at > 0.5)
        assert standby.poll() is None

        standby.send_signal(signal.SIGTERM)

        assert standby.wait(5) == 0
    (line,) = system.processes.log_of("standby").splitlines()
    assert system.address in line
    assert f"running={system.processes.processes['controller'].pid}" in line
    assert system.call("GET", "/api/dispatcher").json()["term"] == 1


def test_a_standby_with_nobody_to_wait_for_starts_at_once(system: RunningSystem) -> None:
    system.processes.stop()

    address = system.processes.start_controller("--standby", name="controller-2")

    assert httpx.get(f"{address}/api/system/health").status_code == 200
