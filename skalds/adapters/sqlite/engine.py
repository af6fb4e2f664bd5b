"""`SqliteEngine`: all ports of one process over one data directory."""

from pathlib import Path
from typing import Literal, Self

import apsw

from skalds.adapters.sqlite.ageing import set_ageing_step
from skalds.adapters.sqlite.audit_log import SqliteAuditLog
from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.controller_lock import ControllerLock
from skalds.adapters.sqlite.data_directory import SETTING, DataDirectory
from skalds.adapters.sqlite.datagrams import BEATS, TAPS, Receiver, SocketFolder
from skalds.adapters.sqlite.dispatch_queue import SqliteDispatchQueue
from skalds.adapters.sqlite.event_bus import DatagramEventBus
from skalds.adapters.sqlite.lane_board import SqliteLaneBoard
from skalds.adapters.sqlite.lease_store import SqliteLeaseStore, free_leases
from skalds.adapters.sqlite.life_locks import LifeLocks
from skalds.adapters.sqlite.node_directory import SqliteNodeDirectory
from skalds.adapters.sqlite.retention import SqliteRetention
from skalds.adapters.sqlite.run_ledger import SqliteRunLedger
from skalds.adapters.sqlite.schema import check, expect_current, migrate
from skalds.adapters.sqlite.settings_store import SqliteSettingsStore
from skalds.adapters.sqlite.task_catalog import SqliteTaskCatalog
from skalds.adapters.sqlite.task_intake import SqliteTaskIntake
from skalds.adapters.sqlite.wakeup import DatagramWakeup
from skalds.errors import ConfigurationError, StoreUnavailable
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine

Role = Literal["controller", "node"]


class SqliteEngine:
    """A controller's or a node's access to the data directory; open it with `open`, inside the event loop."""

    def __init__(self, directory: DataDirectory, connection: Connection, clock: Clock, role: Role) -> None:
        self._directory = directory
        self._connection = connection
        self._role = role
        self._folder = SocketFolder(directory.sockets)
        self._locks = LifeLocks(directory.locks)
        self._receivers: list[Receiver] = []
        self.intake = SqliteTaskIntake(connection, clock)
        self.queue = SqliteDispatchQueue(connection)
        self.lanes = SqliteLaneBoard(connection)
        self.ledger = SqliteRunLedger(connection, clock)
        self.catalog = SqliteTaskCatalog(connection)
        self.directory = SqliteNodeDirectory(connection, self._folder, self._locks)
        self.leases = SqliteLeaseStore(connection)
        self.bus = DatagramEventBus(self._folder)
        self.wakeup = DatagramWakeup(self._folder, is_controller=role == "controller")
        self.settings = SqliteSettingsStore(connection)
        self.audit = SqliteAuditLog(connection)
        self.retention = SqliteRetention(connection)

    @classmethod
    async def open(
        cls, data_dir: Path, clock: Clock, *, role: Role, ageing_step_ms: int = 60_000, holds_lock: bool = False
    ) -> Self:
        """Connects; the controller also makes the directory and brings the schema up to date.

        The controller holds `controller_lock` while it does so, and its `ageing_step_ms` becomes that of the store;
        nodes use what they find. `holds_lock` says that it really does: then every earlier leader is dead, and the
        leases they left are free, so that nobody has to wait for them to run out. A node that comes too early gets
        `StoreUnavailable` and tries again later.
        """
        is_controller = role == "controller"
        directory = DataDirectory.create(data_dir) if is_controller else DataDirectory.existing(data_dir)

        def prepare(connection: apsw.Connection) -> None:
            _refuse_read_only(connection, directory)
            if is_controller:
                check(connection, directory.database, after_crash=directory.unclean.exists())
                migrate(connection, directory.database)
                set_ageing_step(connection, ageing_step_ms)
                if holds_lock:
                    free_leases(connection)
                directory.unclean.touch(mode=0o600)
            else:
                expect_current(connection, directory.database)

        connection = await Connection.open(directory.database, prepare)
        try:
            engine = cls(directory, connection, clock, role)
            if is_controller:
                engine._receive_hints()
        except OSError as error:
            await connection.close()
            raise StoreUnavailable(f"{directory.sockets}: {error}", file=str(directory.sockets)) from error
        return engine

    @staticmethod
    def controller_lock(data_dir: Path) -> ControllerLock:
        """Claims the directory for one controller, or raises `AlreadyRunning`."""
        return ControllerLock.acquire(DataDirectory.create(data_dir).controller_lock)

    async def checkpoint(self) -> None:
        if self._role == "controller":
            await self._connection.checkpoint()

    async def close(self) -> None:
        for receiver in self._receivers:
            receiver.close()
        self._receivers.clear()
        self._locks.close()
        await self._connection.close()
        self._folder.close()
        if self._role == "controller":
            self._directory.unclean.unlink(missing_ok=True)

    def _receive_hints(self) -> None:
        self._receivers.append(Receiver(self._folder, TAPS, self.wakeup.receive_tap))
        self._receivers.append(Receiver(self._folder, BEATS, self.directory.receive_beat))


def _refuse_read_only(connection: apsw.Connection, directory: DataDirectory) -> None:
    """SQLite opens a file it may only read without a word; waiting would not make it writable."""
    if connection.readonly("main"):
        expected = f"a directory whose files we can write to, {directory.database} is read-only"
        raise ConfigurationError(SETTING, str(directory.root), expected)


_: type[Engine] = SqliteEngine
