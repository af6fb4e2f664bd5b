"""A process that is kept by another one, whoever started it and however they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skalds.testing.local_processes import is_alive
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.unavailable import Unavailable
from skalds.testing.waiting import wait_for

SERVER = [sys.executable, "-S", "-c", "import signal; print('here', flush=True); signal.pause()"]
# Starts one and tells its process id; then waits to be killed itself.
OWNER = """
import os, signal, sys
from pathlib import Path
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
folder = Path(sys.argv[1])
server = LocalProcess.prepare(Place(folder / "server", os.getpid(), folder), ["sleep", "infinity"])
server.start()
print(*server.pids, flush=True)
signal.pause()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalProcess]:
    server = LocalProcess.prepare(Place(tmp_path / "server", os.getpid()), SERVER)
    server.start()
    yield server
    server.discard()


def keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_started_process_runs_and_its_output_is_kept(server: LocalProcess) -> None:
    assert server.is_running()
    assert is_alive(server.pids[0])
    assert wait_for(server.log) == "here\n"


def test_starting_what_runs_changes_nothing(server: LocalProcess) -> None:
    before = server.pids
    server.start()

    assert server.pids == before


def test_anybody_can_find_it_by_its_folder(server: LocalProcess) -> None:
    found = LocalProcess(server.folder)

    assert found.pids == server.pids
    found.kill()
    assert not server.is_running()


@pytest.mark.parametrize("end", [LocalProcess.kill, LocalProcess.stop])
def test_ended_process_is_gone_and_can_be_started_again(
    server: LocalProcess, end: Callable[[LocalProcess], None]
) -> None:
    before = server.pids[0]
    end(server)
    assert not is_alive(before)
    assert not server.pids

    server.start()

    assert server.is_running()
    assert before not in server.pids


def test_paused_process_runs_but_does_nothing_until_it_is_resumed(server: LocalProcess) -> None:
    server.pause()
    assert server.is_running()
    assert Path(f"/proc/{server.pids[0]}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    server.resume()

    assert Path(f"/proc/{server.pids[0]}/stat").read_text().rpartition(")")[2].split()[0] != "T"


@pytest.mark.parametrize("end", [LocalProcess.kill, LocalProcess.stop, LocalProcess.discard])
def test_paused_process_can_be_ended(server: LocalProcess, end: Callable[[LocalProcess], None]) -> None:
    (pid,) = server.pids
    server.pause()
    end(server)

    assert not is_alive(pid)


def test_process_that_ends_by_itself_is_noticed(server: LocalProcess) -> None:
    os.kill(server.pids[0], signal.SIGKILL)

    assert wait_for(lambda: not server.is_running())


def test_process_of_another_start_is_never_taken_for_it(server: LocalProcess) -> None:
    server.kill()
    # A process id that was given away again.
    (server.folder / "pid").write_text(f"{os.getpid()} 17")

    assert not server.is_running()
    server.kill()


def test_discarding_leaves_nothing(server: LocalProcess) -> None:
    (pid,) = server.pids
    server.discard()

    assert not is_alive(pid)
    assert not server.folder.exists()


def test_what_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no-such-program"):
        LocalProcess.prepare(Place(tmp_path, os.getpid()), ["/no-such-program"]).start()


def test_killed_owner_takes_process_and_data_along(tmp_path: Path) -> None:
    folder = tmp_path / "swept"
    with subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_alive(pid)
        owner.kill()

    assert wait_for(lambda: not is_alive(pid))
    assert wait_for(lambda: not folder.exists())


def test_killed_keeper_takes_process_along(server: LocalProcess) -> None:
    (pid,) = server.pids
    os.kill(keeper_of(pid), signal.SIGKILL)

    assert wait_for(lambda: not is_alive(pid))
    assert wait_for(lambda: not server.is_running())
    server.start()
    assert server.is_running()


def test_owner_that_has_ended_already_keeps_nothing_alive(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    folder = tmp_path / "swept"
    server = LocalProcess.prepare(Place(folder, gone.pid, folder), SERVER)
    server.start()

    assert wait_for(lambda: not folder.exists())
    assert not server.is_running()


def test_farewell_is_said_after_the_end_of_the_owner(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    told = tmp_path / "told"
    LocalProcess.prepare(Place(tmp_path / "server", gone.pid), SERVER, farewell=["touch", str(told)]).start()

    assert wait_for(told.exists)
