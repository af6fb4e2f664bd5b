"""Registrations in the store, beats by datagram, exits by file lock."""

from collections.abc import Sequence
from typing import Any

import apsw

from skalds.adapters.node_form import node_body, node_of
from skalds.adapters.sqlite.connection import Connection
from skalds.adapters.sqlite.datagrams import BEATS, SocketFolder
from skalds.adapters.sqlite.hints import beat_from, beat_to_bytes
from skalds.adapters.sqlite.life_locks import LifeLocks
from skalds.adapters.sqlite.select import one, rows
from skalds.adapters.sqlite.versions import check_lease
from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration
from skalds.ports.node_directory import NodeDirectory

_COLUMNS = "session, id, registered_at, closed, leaving, body"

# The registration before, of the same node.
FORGET = "DELETE FROM node WHERE id = ?"
# A new registration; the store issues its session.
ADD = "INSERT INTO node (id, registered_at, body) VALUES (?, ?, ?) RETURNING session"
# A session ends, if it is still the current one.
CLOSE = "UPDATE node SET closed = 1 WHERE id = ? AND session = ? AND closed = 0 RETURNING 1"
# A session takes no new work any more.
LEAVING = "UPDATE node SET leaving = 1 WHERE id = ? AND session = ? AND closed = 0"
# Nodes that are open, or closed with something of theirs that still holds a slot.
FIND = f"""
    SELECT {_COLUMNS} FROM node WHERE closed = 0 OR EXISTS (
        SELECT 1 FROM run INDEXED BY run_live
        WHERE run.executor = node.id AND run.executor IS NOT NULL AND run.attempt > 0 AND run.released_at IS NULL
    ) ORDER BY id
"""  # noqa: S608 - only constants of this file are put into SQL
# The latest registration of a node.
FIND_ONE = f"SELECT {_COLUMNS} FROM node WHERE id = ?"  # noqa: S608 - as above
# Who each session belongs to.
FIND_SESSIONS = "SELECT session, id FROM node WHERE closed = 0"


class SqliteNodeDirectory:
    """`NodeDirectory` on SQLite, for one machine."""

    def __init__(self, connection: Connection, folder: SocketFolder, locks: LifeLocks) -> None:
        self._connection = connection
        self._folder = folder
        self._locks = locks
        self._beats: dict[int, Beat] = {}
        self._node_ids: dict[int, str] = {}
        self._observes = False

    async def register(self, node: Node, now: int) -> int:
        body = node_body(node)

        def work(connection: apsw.Connection) -> int:
            connection.execute(FORGET, (node.id,))
            session: int = one(connection, ADD, (node.id, now, body))
            return session

        session = await self._connection.write(work, durable=True)
        self._locks.hold(session)
        return session

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        def work(connection: apsw.Connection) -> bool:
            if lease is not None:
                check_lease(connection, lease)
            return bool(one(connection, CLOSE, (node_id, session)))

        was_open = await self._connection.write(work)
        self._locks.remove(session)
        self._beats.pop(session, None)
        return was_open

    async def begin_leaving(self, node_id: str, session: int) -> None:
        await self._connection.write(lambda connection: connection.execute(LEAVING, (node_id, session)))

    async def registrations(self) -> Sequence[Registration]:
        found = await self._connection.read(lambda connection: rows(connection, FIND))
        registrations = [_registration(row) for row in found]
        self._forget_all_but({registration.session for registration in registrations})
        return registrations

    async def registration_of(self, node_id: str) -> Registration | None:
        found = await self._connection.read(lambda connection: rows(connection, FIND_ONE, (node_id,)))
        return _registration(found[0]) if found else None

    async def beat(self, beat: Beat) -> None:
        self._folder.send(BEATS, beat_to_bytes(beat))

    def receive_beat(self, message: bytes) -> None:
        """Something arrived at the controller's socket for beats."""
        beat = beat_from(message)
        if beat is None:
            return
        latest = self._beats.get(beat.session)
        if latest is None or beat.count > latest.count:
            self._beats[beat.session] = beat

    async def presences(self) -> Sequence[Presence]:
        if not self._observes:
            await self._learn_sessions()
            self._locks.keep_only(self._node_ids)
            self._observes = True
        exited = self._locks.exited()
        if exited - self._node_ids.keys():
            await self._learn_sessions()
        return self._presences(exited)

    def _forget_all_but(self, sessions: set[int]) -> None:
        """Drops what is kept of sessions that were replaced or have left; numbers above the newest are just joining."""
        newest = max(sessions, default=0)
        for kept in (self._beats, self._node_ids):
            for session in [session for session in kept if session < newest and session not in sessions]:
                del kept[session]
        for session in self._locks.exited():
            if session < newest and session not in sessions:
                self._locks.remove(session)

    async def _learn_sessions(self) -> None:
        found = await self._connection.read(lambda connection: rows(connection, FIND_SESSIONS))
        self._node_ids.update(found)

    def _presences(self, exited: frozenset[int]) -> Sequence[Presence]:
        silent = {
            session: Beat(self._node_ids[session], session, 0)
            for session in exited
            if session not in self._beats and session in self._node_ids
        }
        beats = sorted({**self._beats, **silent}.items())
        return [Presence(beat, exited=session in exited) for session, beat in beats]


def _registration(row: tuple[Any, ...]) -> Registration:
    session, id_, registered_at, closed, leaving, body = row
    return Registration(node_of(id_, body), session, registered_at, bool(closed), bool(leaving))


_: type[NodeDirectory] = SqliteNodeDirectory
