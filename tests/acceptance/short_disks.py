"""Ways to run out of room, for real: a small file system that is filled up, and a limit on the size of files."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil
import pytest

from skalds.testing.local_processes import LocalProcesses

_FILLER = "filler"
_UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class ShortDisk(Protocol):
    """A disk under the data directory."""

    def exhaust(self) -> None:
        """From now on there is no room."""
        ...

    def relieve(self) -> None:
        """There is room again."""
        ...


class SmallFileSystem:
    """A file system of its own: writes end with ENOSPC."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / _FILLER

    def exhaust(self) -> None:
        with self._filler.open("wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1):
                with suppress(OSError):
                    while True:
                        filler.write(b"\0" * size)

    def relieve(self) -> None:
        self._filler.unlink()


class FileLimit:
    """No file of these processes may grow beyond what logs need: writes end with EFBIG."""

    LIMIT = 48 << 10

    def __init__(self, processes: LocalProcesses) -> None:
        self._processes = processes

    def exhaust(self) -> None:
        self._limit((self.LIMIT, resource.RLIM_INFINITY))

    def relieve(self) -> None:
        self._limit(_UNLIMITED)

    def _limit(self, limits: tuple[int, int]) -> None:
        for process in self._processes.processes.values():
            psutil.Process(process.pid).rlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """A file system in memory at `folder`; skips the test where nobody may mount."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "skalds-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_read_only(folder: Path) -> None:
    """Nothing in the file system mounted at `folder` can be changed any more; needs it unused."""
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
