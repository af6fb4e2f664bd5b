"""Looks whether a data directory can carry an embedded system, and who is at work there."""

import asyncio
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import apsw
import orjson

from skalds.adapters.sqlite import upkeep
from skalds.adapters.sqlite.data_directory import SETTING, DataDirectory, refuse_network
from skalds.adapters.sqlite.life_locks import LifeLocks
from skalds.adapters.sqlite.schema import STEPS
from skalds.errors import ConfigurationError, StoreCorrupt, StoreError
from skalds.ports.checkup import Checkup, Finding, warning, well, wrong

_LITTLE_SPACE = 256 * 1024 * 1024


class SqliteCheckup:
    """Changes nothing: what a controller would make is not made here."""

    def __init__(self, data_dir: Path) -> None:
        self._directory = DataDirectory(Path(os.path.abspath(data_dir)))  # noqa: PTH100 - links of users stay

    async def findings(self) -> AsyncIterator[Finding]:
        for finding in await asyncio.to_thread(self._look):
            yield finding

    def _look(self) -> list[Finding]:
        place = _nearest(self._directory.root)
        found = [_find_directory(self._directory.root, place), _find_file_system(place)]
        if any(finding.is_wrong for finding in found):
            return found
        found += [_find_space(place), well("SQLite", apsw.sqlite_lib_version())]
        if self._directory.root.is_dir():
            found += [_find_rights(self._directory.root), _find_database(self._directory)]
            found += [_find_controller(self._directory.controller_lock), _find_nodes(self._directory.locks)]
        return found


def _nearest(path: Path) -> Path:
    """The path, or what exists of it."""
    return next(place for place in (path, *path.parents) if place.exists())


def _find_directory(root: Path, place: Path) -> Finding:
    check = "directory"
    if not place.is_dir():
        return wrong(check, f"{place} is not a directory", f"set {SETTING} to one, or move the file away")
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return wrong(check, f"{place} cannot be written: {error.strerror}", f"chown it, or set {SETTING} to another")
    return well(check, str(root) if place == root else f"{root} is not there yet; a controller makes it")


def _find_file_system(place: Path) -> Finding:
    try:
        refuse_network(place)
    except ConfigurationError as error:
        return wrong("file system", str(error.fields["expected"]), f"set {SETTING} to a directory on a local disk")
    return well("file system", "local")


def _find_space(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    if free < _LITTLE_SPACE:
        return warning("space", f"{free / 1e6:,.0f} MB free", "make room: a full disk refuses new tasks")
    return well("space", f"{free / 1e9:,.1f} GB free")


def _find_rights(root: Path) -> Finding:
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o077:
        return warning("rights", f"mode {mode:04o}: other users can look in", f"chmod 700 {root}")
    return well("rights", "only its owner can enter")


def _find_database(directory: DataDirectory) -> Finding:
    check, file = "database", directory.database
    if not file.exists() or not file.stat().st_size:
        return well(check, "none yet; a controller makes it")
    try:
        facts = upkeep.check(directory.root)
    except StoreCorrupt as error:
        return wrong(check, str(error.__cause__ or error), "skalds db restore FILE, with a copy of skalds db backup")
    except StoreError as error:
        return wrong(check, str(error), "skalds db check says more")
    if facts.schema > len(STEPS):
        detail = f"schema {facts.schema}, made by a newer version of Skalds; this one knows {len(STEPS)}"
        return wrong(check, detail, f"upgrade Skalds, or set {SETTING} to another directory")
    older = "" if facts.schema == len(STEPS) else f", schema {facts.schema} of {len(STEPS)}: upgraded at the next start"
    return well(check, f"sound, {facts.tasks:,} tasks, {facts.size_bytes / 1e6:,.1f} MB{older}")


def _find_controller(lock: Path) -> Finding:
    if not _is_held(lock):
        return well("controller", "none is running")
    holder: dict[str, object] = {}
    with suppress(OSError, orjson.JSONDecodeError):
        holder = orjson.loads(lock.read_bytes())
    where = f" at {holder['address']}" if holder.get("address") else ""
    return well("controller", f"process {holder.get('pid', 'unknown')}{where}")


def _is_held(lock: Path) -> bool:
    """Whether somebody holds the lock; asking takes a share of it for a moment."""
    if not lock.exists():
        return False
    handle = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _find_nodes(folder: Path) -> Finding:
    locks = LifeLocks(folder)
    try:
        count = len(locks.alive())
    finally:
        locks.close()
    return well("nodes", f"{count} running" if count else "none is running")


_: type[Checkup] = SqliteCheckup
