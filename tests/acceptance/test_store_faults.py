"""The disk is full, read-only, damaged, or was written by a newer version."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import apsw
import httpx
import psutil
import pytest

from skalds.adapters.sqlite.schema import STEPS
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import RunningSystem
from tests.acceptance.short_disks import FileLimit, ShortDisk, SmallFileSystem, make_read_only, mounted

pytestmark = pytest.mark.acceptance

WORKERS = str(Path(__file__).with_name("fault_workers.py"))
REFUSALS = {SmallFileSystem: {(507, "store_full")}, FileLimit: {(503, "store_unavailable"), (503, "outcome_unknown")}}


@pytest.fixture(params=[SmallFileSystem, FileLimit])
def short(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RunningSystem, ShortDisk]]:
    """A controller and a node on a disk that can run full."""
    (tmp_path / "files").mkdir()
    with ExitStack() as stack:
        if request.param is SmallFileSystem:
            stack.enter_context(mounted(tmp_path / "data", "4m"))
        processes = stack.enter_context(LocalProcesses(tmp_path))
        system = RunningSystem(processes, tmp_path / "files", stack.enter_context(httpx.Client(timeout=30)))
        system.start_controller()
        system.start_nodes("a", app=WORKERS)
        small = SmallFileSystem(tmp_path / "data")
        yield system, small if request.param is SmallFileSystem else FileLimit(processes)


def submit_until_refused(system: RunningSystem, refusals: set[tuple[int, str]]) -> tuple[list[str], list[str]]:
    """Ids that were acknowledged, and those of the three last requests, which were refused as expected."""
    acknowledged: list[str] = []
    refused: list[str] = []
    for number in range(500):
        ids = [f"t{number}.{index}" for index in range(3)]
        folder = {"folder": str(system.folder)}
        drafts = [{"id": id_, "className": "Entered", "attachments": folder, "description": "x" * 4000} for id_ in ids]
        answer = system.call("POST", "/api/tasks", json=drafts)
        if answer.status_code == 201:
            acknowledged += ids
            continue
        assert (answer.status_code, answer.json()["code"]) in refusals
        refused += ids
        if len(refused) == 9:
            return acknowledged, refused
    raise AssertionError("there was always room")


def test_a_full_disk_refuses_submits_and_nothing_else_and_heals_by_itself(
    short: tuple[RunningSystem, ShortDisk],
) -> None:
    system, disk = short
    running = system.submit_in_folder("Entered", count=2)
    entries = system.folder / "entries"
    wait_for(lambda: entries.exists() and len(entries.read_text().splitlines()) == 2)
    pids = {process.pid for process in system.processes.family()}

    disk.exhaust()
    acknowledged, refused = submit_until_refused(system, REFUSALS[type(disk)])

    # What runs goes on, and even ends, though nobody can write that down yet; reading works.
    assert {process.pid for process in system.processes.family()} == pids
    workers = [psutil.Process(pid) for pid in pids - {p.pid for p in system.processes.processes.values()}]
    assert {system.task(id_)["lifecycleStatus"] for id_ in running} == {"Running"}
    (system.folder / "go").touch()
    wait_for(lambda: sum(worker.is_running() for worker in workers) == 1)  # only the zygote stays

    disk.relieve()

    more = wait_for(lambda: _submitted(system))
    tasks = system.wait_final([*running, *acknowledged, *more], seconds=30)
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    assert {task["attempt"] for task in tasks} == {1}
    assert {system.call("GET", f"/api/tasks/{id_}").status_code for id_ in refused} == {404}
    assert system.call("GET", "/api/tasks").json()["total"] == len(tasks)
    assert all(process.poll() is None for process in system.processes.processes.values())


def _submitted(system: RunningSystem) -> list[str]:
    folder = {"folder": str(system.folder)}
    answer = system.call("POST", "/api/tasks", json={"className": "Entered", "attachments": folder})
    return [answer.json()["id"]] if answer.status_code == 201 else []


def start_on(data: Path) -> subprocess.CompletedProcess[str]:
    """A controller that is expected not to start."""
    return subprocess.run(
        [sys.executable, "-m", "skalds.cli.main", "controller", "--port", "0"],
        env={"SKALDS_DATA_DIR": str(data), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_refused(refused: subprocess.CompletedProcess[str], *said: str) -> None:
    """Exit status 2 and one line that says all of this."""
    (line,) = [line for line in refused.stderr.splitlines() if line.startswith("skalds:")]
    assert refused.returncode == 2, refused.stderr
    assert "Traceback" not in refused.stderr
    for text in said:
        assert text in line


def stopped(system: RunningSystem) -> Path:
    """The database of a system that was stopped in good order."""
    system.processes.stop()
    return system.processes.directory / "data" / "skalds.db"


def test_a_newer_database_is_refused_naming_file_and_both_versions(system: RunningSystem) -> None:
    database = stopped(system)
    connection = apsw.Connection(str(database))
    connection.pragma("user_version", 99)
    connection.close()

    assert_refused(start_on(database.parent), str(database), "schema 99", f"knows {len(STEPS)}")


@pytest.mark.parametrize("start", [0, 4096 * 4], ids=["header", "pages"])
def test_a_damaged_database_is_refused_with_the_next_step(system: RunningSystem, start: int) -> None:
    system.submit("Double", count=50, attachments={})
    database = stopped(system)
    with database.open("r+b") as file:
        file.seek(start)
        file.write(os.urandom(4096 * 3))

    assert_refused(start_on(database.parent), str(database), "damaged", "skalds db backup", "skalds db restore")


def test_a_read_only_data_directory_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mounted(data, "8m"):
        with LocalProcesses(tmp_path) as processes:
            processes.start_controller()
        make_read_only(data)

        assert_refused(start_on(data), str(data), "SKALDS_DATA_DIR", "Read-only file system")


def test_a_read_only_database_is_refused(system: RunningSystem) -> None:
    if os.geteuid() != 0:
        pytest.skip("this needs the right to mount a file")
    database = stopped(system)
    subprocess.run(["mount", "--bind", str(database), str(database)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(database)], check=True)
        assert_refused(start_on(database.parent), str(database), "SKALDS_DATA_DIR")
    finally:
        subprocess.run(["umount", "--lazy", str(database)], check=True)
