"""Moves what was committed from the log into the database file, beside everything else."""

from collections.abc import Callable
from pathlib import Path

import apsw

RESTART_ABOVE_BYTES = 64 << 20
TRUNCATE_ABOVE_BYTES = 256 << 20


class Checkpointer:
    """Each time on a connection of its own, so that commits go on meanwhile; only the controller has one.

    passive    copies what it can; nobody waits for it. Once a second a few ms, for most pages were written many times;
               after five seconds it took 80 ms, and a hundredth of all tasks waited for it (measured).
    restart    above a size: copies the little that came meanwhile and begins the log anew. Writers wait a few ms, and
               write over blocks the file has already, which makes each durable commit faster than one that grows it.
    truncate   far above it, as after a reader that kept the log from being restarted: gives the space back.
    """

    def __init__(self, path: Path, connect: Callable[[], apsw.Connection]) -> None:
        self._log = Path(f"{path}-wal")
        self._connect = connect

    def run_once(self) -> None:
        """One round; raises errors of the driver other than "busy"."""
        connection = self._connect()
        try:
            pages, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            if self._log.exists() and self._log.stat().st_size > TRUNCATE_ABOVE_BYTES:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
            elif pages * connection.pragma("page_size") > RESTART_ABOVE_BYTES:
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.BusyError:
            # Another process reads or writes at this moment; the next checkpoint does it.
            return
        finally:
            connection.close()
