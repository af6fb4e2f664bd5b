"""Programs are fetched whole or not at all, once for everybody."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from skalds.testing.services.fetching import Run, fetch
from skalds.testing.services.unavailable import Unavailable
from skalds.testing.waiting import wait_for

# Fetches, and gets stuck half-way: by itself, or in a command.
STUCK = """
import signal, sys
from pathlib import Path
from skalds.testing.services.fetching import fetch

def fill(folder, run):
    (folder / "half").write_text("half")
    print(folder, flush=True)
    run(["sh", "-c", f"echo $$ > {folder}/pid; exec sleep infinity"]) if sys.argv[2] == "command" else signal.pause()

fetch("tool", Path(sys.argv[1]) / "pins", fill, Path(sys.argv[1]) / "programs")
"""


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    pins = tmp_path / "pins"
    pins.write_text("tool==1")
    return pins


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    return tmp_path / "programs"


def fill(folder: Path, run: Run) -> None:
    run(["touch", folder / "tool"])


def never(_folder: Path, _run: Run) -> None:
    raise AssertionError("it was fetched again")


def what_is_in(programs: Path) -> set[str]:
    return {path.name for path in programs.iterdir()} - {"lock"}


def test_fetched_program_is_found_the_next_time(pins: Path, programs: Path) -> None:
    place = fetch("tool", pins, fill, programs)

    assert (place / "tool").is_file()
    assert fetch("tool", pins, never, programs) == place


def test_other_pins_mean_another_folder(pins: Path, programs: Path) -> None:
    first = fetch("tool", pins, fill, programs)
    pins.write_text("tool==2")

    assert fetch("tool", pins, fill, programs) != first


def test_missing_pins_are_told(pins: Path, programs: Path) -> None:
    pins.unlink()

    with pytest.raises(Unavailable, match="checkout"):
        fetch("tool", pins, fill, programs)


@pytest.mark.parametrize("command", [["sh", "-c", "echo no network >&2; exit 1"], ["/no-such-program"]])
def test_failed_fetch_leaves_nothing_and_says_why(pins: Path, programs: Path, command: list[str]) -> None:
    def fail(folder: Path, run: Run) -> None:
        (folder / "half").touch()
        run(command)

    with pytest.raises(Unavailable, match=r"no network|no-such-program"):
        fetch("tool", pins, fail, programs)
    assert what_is_in(programs) == set()


def test_two_at_once_fetch_once(pins: Path, programs: Path) -> None:
    filled = []

    def count(folder: Path, run: Run) -> None:
        filled.append(folder)
        fill(folder, run)

    fetchers = [threading.Thread(target=fetch, args=("tool", pins, count, programs)) for _ in range(4)]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()

    assert len(filled) == 1


def kill_half_way(folder: Path, how: str) -> Path:
    """Kills a fetch half-way; returns the folder that it was filling."""
    command = [sys.executable, "-c", STUCK, str(folder), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as fetcher:
        assert fetcher.stdout is not None
        partial = Path(fetcher.stdout.readline().strip())
        if how == "command":
            wait_for((partial / "pid").exists)
            wait_for((partial / "pid").read_text)
        fetcher.kill()
    return partial


def test_killed_fetch_counts_for_nothing_and_the_next_one_tidies_up(pins: Path, programs: Path, tmp_path: Path) -> None:
    partial = kill_half_way(tmp_path, "alone")
    assert (partial / "half").exists()

    place = fetch("tool", pins, fill, programs)

    assert what_is_in(programs) == {place.name}
    assert (place / "tool").is_file()


def test_command_of_a_killed_fetch_is_waited_for(pins: Path, programs: Path, tmp_path: Path) -> None:
    partial = kill_half_way(tmp_path, "command")
    with (programs / "lock").open("w") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    os.kill(int((partial / "pid").read_text()), signal.SIGKILL)

    place = fetch("tool", pins, fill, programs)
    assert what_is_in(programs) == {place.name}
