"""Copies of a database: whole, checked, and never half there."""

import os
from pathlib import Path

import apsw

from skalds.adapters.sqlite.error_mapping import damaged
from skalds.adapters.sqlite.select import one

_STEP_PAGES = 1000
_KEPT = 3


def copy_database(connection: apsw.Connection, target: Path) -> None:
    """Writes one state of the database to `target`, replacing it; it appears there whole and checked, or not at all.

    Others write meanwhile without waiting: what they commit is not part of the copy. The copy is one file that needs
    nothing beside it.
    """
    unfinished = target.with_name(f"{target.name}.unfinished")
    _remove(unfinished)
    unfinished.touch(mode=0o600)
    copy = apsw.Connection(str(unfinished))
    try:
        _copy_pages(connection, copy)
        copy.pragma("journal_mode", "delete")
        _expect_sound(copy, connection.filename)
    except BaseException:
        copy.close()
        _remove(unfinished)
        raise
    copy.close()
    _sync(unfinished)
    unfinished.replace(target)


def keep_before_migration(connection: apsw.Connection, database: Path, version: int) -> Path:
    """Copies the database beside itself before its schema changes; older copies stay, the last three of all."""
    target = _free_name(database, f"version-{version}")
    copy_database(connection, target)
    copies = sorted(database.parent.glob(f"{database.stem}.version-*.db"), key=lambda path: path.stat().st_mtime_ns)
    for old in copies[:-_KEPT]:
        _remove(old)
    return target


def replace_database(database: Path, by: Path) -> Path:
    """Puts `by` in the place of a database that nobody uses; returns where that is now, with what belongs to it."""
    kept = _free_name(database, "replaced")
    for suffix in ("-wal", "-shm"):
        beside = Path(f"{database}{suffix}")
        if beside.exists():
            beside.replace(f"{kept}{suffix}")
    # Linked, not moved: killed at any moment, there is a database, and a controller does not begin an empty one.
    os.link(database, kept)
    by.replace(database)
    _sync(database)
    return kept


def _copy_pages(source: apsw.Connection, copy: apsw.Connection) -> None:
    # A reader of its own holds on to one state; without it each commit of another process starts the copy again.
    source.execute("BEGIN")
    try:
        one(source, "SELECT count(*) FROM sqlite_schema")
        with copy.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(_STEP_PAGES)
    finally:
        source.execute("ROLLBACK")


def _expect_sound(copy: apsw.Connection, source: str) -> None:
    found = one(copy, "PRAGMA quick_check(1)")
    if found != "ok":
        raise damaged(source, str(found))


def _free_name(database: Path, what: str) -> Path:
    target = database.with_name(f"{database.stem}.{what}.db")
    number = 1
    while target.exists():
        number += 1
        target = database.with_name(f"{database.stem}.{what}-{number}.db")
    return target


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """A power cut after the rename must find the content as well."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
