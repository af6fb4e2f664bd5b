"""A log file that is rotated at a size, in a directory from which old ones are removed."""

import os
import re
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from skalds.errors import ConfigurationError

_SWEEP_SECONDS = 3600.0
# Files that were rotated, and those of nodes whose id was made up for one start. Nothing else in the directory is ours
# to remove.
_OURS = re.compile(r".+\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?\.log|skalds-[0-9a-f]{5}\.log")


class LogFile:
    """Appends lines. The process that opened it rotates it and removes what is older than `kept`; its forks follow."""

    def __init__(self, path: Path, rotation_bytes: int | None = None, kept: timedelta | None = None) -> None:
        self._path = path
        self._rotation_bytes = rotation_bytes
        self._kept = kept
        self._owner = os.getpid()
        self._sweep_at = 0.0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = self._open()
        except OSError as error:
            raise ConfigurationError("LOG_PATH", str(path.parent), f"a directory we can write to ({error})") from error

    def write(self, line: str) -> None:
        """Appends one line, in one piece; raises OSError."""
        content = line.encode("utf-8", "backslashreplace")
        self._follow()
        if os.getpid() == self._owner:
            self._rotate_before(len(content))
            self._sweep()
        os.write(self._handle, content)

    def close(self) -> None:
        """Idempotent."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _reopen(self) -> None:
        handle = self._open()
        self.close()
        self._handle = handle

    def _rotate_before(self, more: int) -> None:
        size = os.fstat(self._handle).st_size
        if self._rotation_bytes is None or size == 0 or size + more <= self._rotation_bytes:
            return
        self._path.rename(self._rotated_name())
        self._reopen()

    def _rotated_name(self) -> Path:
        stamp = f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}"
        target = self._path.with_name(f"{self._path.stem}.{stamp}.log")
        number = 1
        while target.exists():
            number += 1
            target = self._path.with_name(f"{self._path.stem}.{stamp}-{number}.log")
        return target

    def _follow(self) -> None:
        """The file may have been rotated by another process, or moved away by a person."""
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._handle), self._path.stat()):
                return
        self._reopen()

    def _sweep(self) -> None:
        now = time.monotonic()
        if self._kept is None or now < self._sweep_at:
            return
        self._sweep_at = now + _SWEEP_SECONDS
        oldest = time.time() - self._kept.total_seconds()
        for path in self._path.parent.glob("*.log"):
            # Another process may remove it first.
            with suppress(FileNotFoundError):
                if path != self._path and _OURS.fullmatch(path.name) and path.stat().st_mtime < oldest:
                    path.unlink()
