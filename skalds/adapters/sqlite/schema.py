"""Bringing a database to the schema this version knows."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

import apsw

from skalds.adapters.sqlite.copies import keep_before_migration
from skalds.adapters.sqlite.error_mapping import damaged
from skalds.adapters.sqlite.migrations.lane_rebuild import rebuild_lanes
from skalds.adapters.sqlite.select import one
from skalds.errors import StoreNewer, StoreUnavailable

Step = Callable[[apsw.Connection], None]

CHECK_ALWAYS_BELOW_BYTES = 256 << 20
CHECK_AFTER_CRASH_BELOW_BYTES = 1 << 30


def _run_file(name: str) -> Step:
    def step(connection: apsw.Connection) -> None:
        connection.execute(files("skalds.adapters.sqlite.migrations").joinpath(name).read_text())

    return step


def _step_3(connection: apsw.Connection) -> None:
    _run_file("003_lanes_and_dependencies.sql")(connection)
    rebuild_lanes(connection)


STEPS: Sequence[Step] = (
    _run_file("001_first_schema.sql"),
    _run_file("002_retention.sql"),
    _step_3,
    _run_file("004_lane_state.sql"),
)
"""Step n leads from schema version n to n + 1; what is here once is never changed, only added to."""


def migrate(connection: apsw.Connection, path: Path, steps: Sequence[Step] = STEPS) -> None:
    """Takes the database through the steps it lacks, each in one transaction, after a copy if it holds data."""
    found = version_of(connection)
    _refuse_newer(found, len(steps), path)
    if found == len(steps):
        return
    connection.pragma("journal_mode", "wal")
    if found:
        keep_before_migration(connection, path, found)
    for number, step in enumerate(steps[found:], start=found + 1):
        with connection:
            step(connection)
            connection.pragma("user_version", number)


def expect_current(connection: apsw.Connection, path: Path) -> None:
    """What a node does, which never changes the schema itself."""
    found = version_of(connection)
    _refuse_newer(found, len(STEPS), path)
    if found < len(STEPS):
        raise StoreUnavailable(
            f"{path} has schema {found} and waits for a controller that brings it to {len(STEPS)}. "
            "Start the controller of this version",
            file=str(path),
        )


def check(connection: apsw.Connection, path: Path, *, after_crash: bool) -> None:
    """Raises `StoreCorrupt` if the file is damaged.

    Looking costs about two seconds per gigabyte (measured), so a small file is always looked at, a large one only
    after a controller that did not stop cleanly, and one of more than 1 GiB not at all: a start must not take longer
    than the takeover it may be part of.
    """
    size = path.stat().st_size
    if size < (CHECK_AFTER_CRASH_BELOW_BYTES if after_crash else CHECK_ALWAYS_BELOW_BYTES):
        found = one(connection, "PRAGMA quick_check(1)")
        if found != "ok":
            raise damaged(str(path), str(found))


def version_of(connection: apsw.Connection) -> int:
    """The schema version; 0 for an empty file."""
    version: int = connection.pragma("user_version")
    return version


def _refuse_newer(found: int, known: int, path: Path) -> None:
    if found > known:
        raise StoreNewer(found, known, str(path))
