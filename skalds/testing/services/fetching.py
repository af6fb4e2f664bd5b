"""Programs that are fetched once and kept in the work tree, whole or not at all."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skalds.testing.services.unavailable import Unavailable

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / ".services" / "programs"

_PARTIAL = ".partial-"
_SECONDS = 600

Run = Callable[[Sequence[str | Path]], None]


def fetch(name: str, pins: Path, fill: Callable[[Path, Run], None], programs: Path = PROGRAMS) -> Path:
    """The folder that `fill` has filled for these pins, now or earlier; other pins mean another folder."""
    if not pins.is_file():
        raise Unavailable(f"{pins} is missing: programs are fetched in a checkout of the repository only")
    place = programs / f"{name}-{hashlib.sha256(pins.read_bytes()).hexdigest()[:12]}"
    if place.is_dir():
        return place
    with one_at_a_time(programs) as run:
        if not place.is_dir():
            _fill_at_once(place, lambda folder: fill(folder, run))
    return place


@contextmanager
def one_at_a_time(programs: Path = PROGRAMS) -> Iterator[Run]:
    """Holds the lock on the folder of programs; a command run under it holds it even when its starter is killed."""
    programs.mkdir(parents=True, exist_ok=True)
    with (programs / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in programs.glob(f"{_PARTIAL}*"):
            shutil.rmtree(leftover)
        yield lambda command: _run(command, lock.fileno())


def _fill_at_once(place: Path, fill: Callable[[Path], None]) -> None:
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=place.parent))
    try:
        fill(partial)
        partial.chmod(0o755)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _run(command: Sequence[str | Path], lock: int) -> None:
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command, env=environment, pass_fds=[lock], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise Unavailable(f"{' '.join(map(str, command[:4]))} failed: {lines[-1] if lines else done.returncode}")
