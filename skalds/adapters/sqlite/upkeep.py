"""What people do to the database by hand: back up, check, restore."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import apsw

from skalds.adapters.sqlite.controller_lock import ControllerLock
from skalds.adapters.sqlite.copies import copy_database, replace_database
from skalds.adapters.sqlite.data_directory import DataDirectory
from skalds.adapters.sqlite.error_mapping import damaged, mapped
from skalds.adapters.sqlite.life_locks import LifeLocks
from skalds.adapters.sqlite.schema import STEPS, version_of
from skalds.adapters.sqlite.select import column, one
from skalds.errors import AlreadyRunning, ConfigurationError, StoreCorrupt, StoreNewer, StoreUnavailable

_BUSY_MS = 5_000


class DatabaseFacts(NamedTuple):
    """A database as people are told of it; `free_bytes` are pages that wait to be used again."""

    file: Path
    size_bytes: int
    free_bytes: int
    schema: int
    tasks: int


def back_up(data_dir: Path, target: Path, *, force: bool = False) -> DatabaseFacts:
    """Copies the database as it is now to `target`, while others work on it; what is there already needs `force`."""
    database = DataDirectory.existing(data_dir).database
    if target.exists() and (not force or target.is_dir() or target.samefile(database)):
        raise ConfigurationError("FILE", str(target), "a file that does not exist yet, or one and --force")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _opened(database) as connection:
            _expect_filled(connection, database)
            copy_database(connection, target)
    except OSError as error:
        raise ConfigurationError("FILE", str(target), f"a file we can write ({error})") from error
    return _facts_of(target)


def check(data_dir: Path) -> DatabaseFacts:
    """Looks at every page, row and index entry; raises `StoreCorrupt` with what was found."""
    database = DataDirectory.existing(data_dir).database
    with _opened(database) as connection:
        found = column(connection, "PRAGMA integrity_check(3)")
        if found != ["ok"]:
            raise damaged(str(database), "; ".join(found))
    return _facts_of(database)


def restore(data_dir: Path, source: Path) -> tuple[DatabaseFacts, Path | None]:
    """Puts a copy of `source` in the place of the database; returns what is there now and where the one before is.

    Raises `AlreadyRunning` while a controller or a node works on the directory.
    """
    directory = DataDirectory.create(data_dir)
    lock = ControllerLock.acquire(directory.controller_lock)
    try:
        _expect_no_nodes(directory)
        restored = directory.root / "skalds.restored.db"
        _copy_checked(source, restored)
        is_empty = directory.database.stat().st_size == 0
        if not is_empty:
            _expect_unused(directory.database)
        kept = replace_database(directory.database, restored)
        if is_empty:
            kept.unlink()
        return _facts_of(directory.database), None if is_empty else kept
    finally:
        lock.release()


def _copy_checked(source: Path, target: Path) -> None:
    if not source.is_file():
        raise ConfigurationError("FILE", str(source), "a copy made by `skalds db backup`")
    try:
        with _opened(source) as connection:
            version = version_of(connection)
            if version > len(STEPS):
                raise StoreNewer(version, len(STEPS), str(source))
            _expect_filled(connection, source)
            copy_database(connection, target)
        with _opened(target) as copy:
            copy.pragma("journal_mode", "wal")
    except StoreCorrupt as error:
        detail = error.__cause__ or "it is damaged"
        raise ConfigurationError("FILE", str(source), f"a sound copy made by `skalds db backup` ({detail})") from error


def _expect_filled(connection: apsw.Connection, path: Path) -> None:
    if version_of(connection) == 0 or one(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'task'") is None:
        raise ConfigurationError("FILE", str(path), "a database of Skalds")


def _expect_no_nodes(directory: DataDirectory) -> None:
    locks = LifeLocks(directory.locks)
    try:
        if locks.alive():
            raise AlreadyRunning(f"A node on {directory.root}")
    finally:
        locks.close()


def _expect_unused(database: Path) -> None:
    """Leaving the log behind needs the file alone; it also brings everything into the one file."""
    try:
        with _opened(database) as connection:
            connection.pragma("journal_mode", "delete")
    except StoreCorrupt:
        return
    except StoreUnavailable as error:
        raise AlreadyRunning(f"Another process on {database}") from error


def _facts_of(path: Path) -> DatabaseFacts:
    with _opened(path) as connection:
        free = connection.pragma("freelist_count") * connection.pragma("page_size")
        tasks = one(connection, "SELECT count(*) FROM task")
        return DatabaseFacts(path, path.stat().st_size, free, version_of(connection), tasks)


@contextmanager
def _opened(path: Path) -> Iterator[apsw.Connection]:
    """A connection that waits for others and leaves their log alone; no error of the driver escapes."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            yield connection
        finally:
            connection.close()
    except apsw.Error as error:
        raise mapped(error, os.fspath(path)) from error
