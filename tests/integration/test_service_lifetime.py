"""Servers live as long as those who need them, and not a moment longer."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from redis import Redis

from skalds.testing.local_processes import is_alive
from skalds.testing.waiting import wait_for

pytestmark = pytest.mark.integration

USER = """
import os, signal
from pathlib import Path

def test_use(redis_server):
    Path(__file__).with_suffix(".pid").write_text(f"{redis_server.pids[0]} {os.environ['PYTEST_XDIST_WORKER']}")
"""
BREAKER = """
import signal
from pathlib import Path

def test_break(own_redis, redis_server):
    Path(__file__).with_suffix(".new").write_text(f"{own_redis.pids[0]} {redis_server.pids[0]}")
    Path(__file__).with_suffix(".new").rename(Path(__file__).with_suffix(".pid"))
    signal.pause()
"""
IDLE = "def test_nothing(): pass"
WANTING = """
def test_redis(redis_server): pass
def test_kafka(kafka_server): assert kafka_server.is_stand_in
def test_own_kafka(own_kafka): pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a run of tests of its own takes place, with its own temporary files."""
    (tmp_path / "temporary").mkdir()
    return tmp_path


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    hidden = ("PYTEST_", "MONGO_", "REDIS_", "KAFKA_", "SKALDS_")
    known = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**known, "TMPDIR": str(folder / "temporary"), **more}


def pytest_command(folder: Path, *arguments: str) -> list[str]:
    plain = ["-q", "-rs", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder)]
    return [sys.executable, "-m", "pytest", *plain, "-p", "skalds.testing.services.plugin", *arguments, str(folder)]


def run(command: list[str], folder: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, env=environment(folder, more), cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def left_over(folder: Path) -> list[str]:
    return [path.name for path in (folder / "temporary").iterdir() if path.name.startswith("skalds-services")]


def test_workers_share_one_server_and_it_ends_with_the_run(folder: Path) -> None:
    for name in "abc":
        (folder / f"test_{name}.py").write_text(USER)

    outcome = run(pytest_command(folder, "-n", "3", "--dist", "loadfile"), folder)

    assert outcome.returncode == 0, outcome.stdout
    told = [path.read_text().split() for path in folder.glob("*.pid")]
    assert len({worker for _, worker in told}) > 1
    (pid,) = {int(pid) for pid, _ in told}
    assert not is_alive(pid)
    assert left_over(folder) == []


def test_run_that_needs_no_server_makes_no_folder(folder: Path) -> None:
    (folder / "test_idle.py").write_text(IDLE)
    (folder / "conftest.py").write_text(
        "import os, tempfile\n"
        "def pytest_unconfigure(config):\n"
        "    assert os.listdir(tempfile.gettempdir()) == [], os.listdir(tempfile.gettempdir())\n"
    )

    outcome = run(pytest_command(folder), folder)

    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_killed_run_leaves_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "test_break.py").write_text(BREAKER)
    told = folder / "test_break.pid"
    with subprocess.Popen(
        pytest_command(folder, *arguments),
        env=environment(folder, {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as main:
        pids = [int(pid) for pid in wait_for(lambda: told.read_text() if told.exists() else "", 60).split()]
        assert all(map(is_alive, pids))
        main.kill()

    assert wait_for(lambda: not any(map(is_alive, pids)))
    assert wait_for(lambda: left_over(folder) == [])


def test_missing_server_is_skipped_aloud(folder: Path) -> None:
    (folder / "test_wanting.py").write_text(WANTING)

    outcome = run(pytest_command(folder), folder, PATH=str(folder))

    assert outcome.returncode == 0, outcome.stdout
    assert "1 passed, 2 skipped" in outcome.stdout
    assert re.search(r"^ENGINE MISSING: Redis: .*redis-server", outcome.stdout, re.MULTILINE)
    assert re.search(r"^ENGINE MISSING: Kafka: .*java is not on PATH.*imitation", outcome.stdout, re.MULTILINE)


def test_missing_server_fails_where_servers_are_required(folder: Path) -> None:
    (folder / "test_wanting.py").write_text(WANTING)

    outcome = run(pytest_command(folder), folder, PATH=str(folder), SKALDS_REQUIRE_ENGINES="1")

    assert outcome.returncode == 1
    assert "1 passed, 2 errors" in outcome.stdout


@pytest.fixture
def services(folder: Path) -> Iterator[list[str]]:
    """The command, for a set of servers of the test's own."""
    command = [sys.executable, "-m", "skalds.testing.services"]
    yield command
    run([*command, "down", "--folder", str(folder / "state")], folder)


def test_command_starts_three_servers_once_and_stops_them(folder: Path, services: list[str]) -> None:
    state = ["--folder", str(folder / "state")]

    first, second = (run([*services, "up", *state], folder) for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout == (folder / "state" / "addresses").read_text()
    addresses = dict(line.split("=", 1) for line in first.stdout.splitlines())
    assert addresses.keys() == {"MONGO_HOST", "REDIS_HOST", "REDIS_PORT", "KAFKA_HOST", "KAFKA_PORT"}
    with Redis(host=addresses["REDIS_HOST"], port=int(addresses["REDIS_PORT"])) as client:
        pid = client.info("server")["process_id"]
    assert run([*services, "down", *state], folder).returncode == 0
    assert not is_alive(pid)
    assert left_over(folder) == []
    assert list((folder / "state").iterdir()) == []


def test_command_gets_its_own_servers_and_they_end_with_it(folder: Path, services: list[str]) -> None:
    program = "import os, sys; print(*sorted(name for name in os.environ if name.endswith('_HOST'))); sys.exit(7)"

    outcome = run([*services, "run", "--folder", str(folder / "state"), "--", sys.executable, "-c", program], folder)

    assert outcome.returncode == 7, outcome.stderr
    assert outcome.stdout == "KAFKA_HOST MONGO_HOST REDIS_HOST\n"
    assert left_over(folder) == []


def test_killed_command_takes_its_servers_along(folder: Path, services: list[str]) -> None:
    command = [*services, "run", "--folder", str(folder / "state"), "--", "cat"]
    with subprocess.Popen(command, env=environment(folder, {}), stdin=subprocess.PIPE) as running:
        records = wait_for(lambda: len(list((folder / "temporary").glob("*/*.json"))) == 3 and left_over(folder), 60)
        assert records
        running.send_signal(signal.SIGKILL)

    assert wait_for(lambda: left_over(folder) == [])


def test_dead_server_of_the_environment_is_named_not_replaced(folder: Path, services: list[str]) -> None:
    outcome = run([*services, "up", "--folder", str(folder / "state")], folder, MONGO_HOST="mongodb://127.0.0.1:1/")

    assert outcome.returncode == 1
    assert "the environment names 127.0.0.1:1" in outcome.stderr
