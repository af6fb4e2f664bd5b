"""Locks that a node process holds for life, so that the kernel itself tells of its death."""

import fcntl
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from skalds.errors import StoreUnavailable

_SUFFIX = ".lock"


class LifeLocks:
    """`<session>.lock` in one folder: held by the node's process, tried by the controller, removed when it left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[int, int] = {}
        self._watched: dict[int, int] = {}
        self._exited: set[int] = set()

    def hold(self, session: int) -> None:
        """Takes the lock of a new session; it appears in the folder only once it is locked."""
        unlocked = self._folder / f".{session}.new"
        try:
            handle = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._held[session] = handle
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unlocked.rename(self._path(session))
        except OSError as error:
            raise StoreUnavailable(f"{unlocked}: {error}", file=str(unlocked)) from error

    def remove(self, session: int) -> None:
        """The session is closed: nothing more will be asked about it. Its process may well go on."""
        self._path(session).unlink(missing_ok=True)
        for handles in (self._held, self._watched):
            with suppress(KeyError):
                os.close(handles.pop(session))
        self._exited.discard(session)

    def keep_only(self, sessions: Collection[int]) -> None:
        """Removes what earlier systems left behind."""
        for session in self._present():
            if session not in sessions:
                self.remove(session)

    def exited(self) -> frozenset[int]:
        """The sessions of the folder whose processes are certainly gone."""
        present = self._present()
        for session in self._watched.keys() - present:
            os.close(self._watched.pop(session))
        self._exited &= present
        for session in present - self._exited:
            if self._is_free(session):
                self._exited.add(session)
                os.close(self._watched.pop(session))
        return frozenset(self._exited)

    def alive(self) -> frozenset[int]:
        """The sessions of the folder whose processes live."""
        return frozenset(self._present() - self.exited())

    def close(self) -> None:
        """Lets go of everything; to an observer that is the end of this process."""
        for handles in (self._held, self._watched):
            for handle in handles.values():
                os.close(handle)
            handles.clear()

    def _present(self) -> set[int]:
        return {int(path.stem) for path in self._folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()}

    def _is_free(self, session: int) -> bool:
        if session not in self._watched:
            try:
                self._watched[session] = os.open(self._path(session), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
        handle = self._watched[session]
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _path(self, session: int) -> Path:
        return self._folder / f"{session}{_SUFFIX}"
