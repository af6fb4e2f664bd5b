"""Registrations and beats."""

from collections.abc import Sequence
from dataclasses import replace

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration
from skalds.ports.node_directory import NodeDirectory


class MemoryNodeDirectory:
    """`NodeDirectory` in memory; a session is known to have exited when the participant that registered it closes."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._own: dict[int, str] = {}

    async def register(self, node: Node, now: int) -> int:
        self._store.last_session += 1
        session = self._store.last_session
        self._store.registered[node.id] = Registration(node, session, now)
        self._own[session] = node.id
        return session

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        if lease is not None:
            self._store.check_lease(lease)
        self._own.pop(session, None)
        self._store.beats.pop(session, None)
        self._store.exited.pop(session, None)
        latest = self._store.registered.get(node_id)
        if latest is None or latest.session != session or latest.closed:
            return False
        self._store.registered[node_id] = replace(latest, closed=True)
        return True

    async def begin_leaving(self, node_id: str, session: int) -> None:
        latest = self._store.registered.get(node_id)
        if latest is not None and latest.session == session and not latest.closed:
            self._store.leaving.add(session)

    async def registrations(self) -> Sequence[Registration]:
        busy = {task.executor for task in self._store.live.values()}
        return [
            self._with_leaving(registration)
            for id_, registration in sorted(self._store.registered.items())
            if not registration.closed or id_ in busy
        ]

    async def beat(self, beat: Beat) -> None:
        latest = self._store.beats.get(beat.session)
        if latest is None or beat.count > latest.count:
            self._store.beats[beat.session] = beat

    async def presences(self) -> Sequence[Presence]:
        silent = {
            session: Beat(id_, session, 0)
            for session, id_ in self._store.exited.items()
            if session not in self._store.beats
        }
        beats = sorted({**self._store.beats, **silent}.items())
        return [Presence(beat, exited=session in self._store.exited) for session, beat in beats]

    async def registration_of(self, node_id: str) -> Registration | None:
        latest = self._store.registered.get(node_id)
        return None if latest is None else self._with_leaving(latest)

    def _with_leaving(self, registration: Registration) -> Registration:
        return replace(registration, leaving=True) if registration.session in self._store.leaving else registration

    def exit(self) -> None:
        """What the kernel does to the sessions of a process that ended."""
        self._store.exited.update(self._own)
        self._own.clear()


_: type[NodeDirectory] = MemoryNodeDirectory
