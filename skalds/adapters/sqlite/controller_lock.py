"""One controller per data directory."""

import fcntl
import os
from pathlib import Path
from typing import Self

import orjson

from skalds.adapters.sqlite.data_directory import SETTING
from skalds.errors import AlreadyRunning, ConfigurationError


class ControllerLock:
    """Held while a controller runs; says who holds it. The kernel lets it go with the process, whatever ended it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def acquire(cls, path: Path) -> Self:
        """Takes the lock at once or raises `AlreadyRunning` with the process and address of the holder."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigurationError(SETTING, str(path.parent), f"a directory we can write to ({error})") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, holder_address = _holder(handle)
            os.close(handle)
            raise AlreadyRunning(f"A controller on {path.parent}", pid, holder_address) from None
        lock = cls(handle)
        lock.tell(None)
        return lock

    def tell(self, address: str | None) -> None:
        """Lets those who find the lock taken know where its holder can be reached."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, orjson.dumps({"pid": os.getpid(), "address": address}), 0)

    def release(self) -> None:
        """Lets another controller in; idempotent."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1


def _holder(handle: int) -> tuple[int | None, str | None]:
    try:
        holder = orjson.loads(os.pread(handle, 4096, 0))
    except orjson.JSONDecodeError:
        # It holds the lock but has not written yet.
        return None, None
    return holder["pid"], holder["address"]
