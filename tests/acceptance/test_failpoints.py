"""A process is killed at every commit, announce, accept and report boundary, and all promises hold (S19)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from skalds.planning.lifecycle import MAX_LOSSES
from skalds.runtime.failpoint import FAILPOINTS
from skalds.testing.local_processes import LocalProcesses
from tests.acceptance.mended_system import CONTROLLER, WORKERS, MendedSystem
from tests.acceptance.stored_history import check_history, read_history

pytestmark = pytest.mark.acceptance

IDS = [f"t{number}" for number in range(8)]
CANCELLED = IDS[-1]
_OF_CONTROLLER = frozenset({"submit", "claim", "take_back", "lease"})


@contextmanager
def started(directory: Path, point: str) -> Iterator[tuple[MendedSystem, str]]:
    """The system with the point armed, and the name of the process that it will kill."""
    folder = directory / "files"
    folder.mkdir()
    victim = CONTROLLER if point.partition(".")[0] in _OF_CONTROLLER else "a"
    with LocalProcesses(directory) as processes, httpx.Client(timeout=10) as http:
        system = MendedSystem(processes, folder, http)
        system.start(victim, f"{point}=kill")
        yield system, victim


@pytest.mark.parametrize("point", FAILPOINTS)
def test_every_promise_holds_after_a_kill_at(point: str, tmp_path: Path) -> None:
    with started(tmp_path, point) as (system, victim):
        if victim != CONTROLLER:
            system.let_go()
        system.submit(IDS)
        assert system.call("DELETE", f"/api/tasks/{CANCELLED}").status_code in (200, 409)
        after_cancel = {key for key in system.entries() if key[0] == CANCELLED}
        if point.startswith("take_back"):
            system.wait_for(lambda: any(task["executor"] == "a" for task in system.tasks().values()))
            system.kill("a")
        system.wait_died(victim)
        system.let_go()

        system.wait_for(lambda: all(task["final"] and not task["waiting"] for task in system.tasks().values()))
        system.wait_for(lambda: all(task["releasedAt"] or not task["attempt"] for task in system.tasks().values()))

        check_outcome(system, after_cancel)
        for versions in read_history(tmp_path / "data" / "skalds.db").values():
            check_history(versions)


@pytest.mark.parametrize("command", [["-m", "skalds.cli.main", "controller", "--port", "0"], [WORKERS]])
def test_an_unknown_point_stops_the_start_with_the_list(command: list[str], tmp_path: Path) -> None:
    with LocalProcesses(tmp_path) as processes:
        refused = processes.start("refused", sys.executable, *command, SKALDS_FAILPOINTS="claim.commited=kill")

        assert refused.wait(20) == 2

        (line,) = processes.log_of("refused").splitlines()
    assert all(point in line for point in FAILPOINTS)


def test_a_process_that_is_armed_says_so_loudly_and_no_file_arms_one(tmp_path: Path) -> None:
    with LocalProcesses(tmp_path) as processes:
        processes.start_controller(environment={"SKALDS_FAILPOINTS": "take_back.committed=raise"})
        (line, *_) = processes.log_of(CONTROLLER).splitlines()
        processes.stop()
        (tmp_path / ".env").write_text("SKALDS_FAILPOINTS=take_back.committed=raise\n")
        command = "import os, sys; os.chdir(sys.argv.pop(1)); from skalds.cli.main import main; main()"
        refused = processes.start("refused", sys.executable, "-c", command, str(tmp_path), "controller", "--port", "0")

        assert refused.wait(20) == 2

        assert ".env" in processes.log_of("refused")
    assert "WARNING" in line
    assert "BREAK ON PURPOSE" in line


def check_outcome(system: MendedSystem, entered_before_cancel: set[tuple[str, int]]) -> None:
    """S1, S4, S8, S9 and the final states, as users see them."""
    tasks, entries = system.tasks(), system.entries()
    assert sorted(tasks) == IDS, "S4"
    assert {task["lifecycleStatus"] for id_, task in tasks.items() if id_ != CANCELLED} == {"Finished"}, "S4"
    assert set(entries.values()) == {1}, f"S1: {entries}"
    assert all(attempt <= tasks[id_]["attempt"] for id_, attempt in entries), "S1"
    assert all(entries[id_, task["attempt"]] == 1 for id_, task in tasks.items() if id_ != CANCELLED)
    assert all(task["losses"] <= MAX_LOSSES and task["failures"] == 0 for task in tasks.values()), "S8"
    assert tasks[CANCELLED]["lifecycleStatus"] in ("Cancelled", "Finished")
    if tasks[CANCELLED]["lifecycleStatus"] == "Cancelled":
        assert {key for key in entries if key[0] == CANCELLED} == entered_before_cancel, "S9"
