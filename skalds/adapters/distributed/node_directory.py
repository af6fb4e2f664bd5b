"""Registrations in MongoDB, beats in Redis."""

from collections.abc import Sequence
from contextlib import suppress

from skalds.adapters.mongo.registrations import MongoRegistrations
from skalds.adapters.redis.presence import RedisPresence
from skalds.errors import StoreError
from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration
from skalds.ports.clock import Clock
from skalds.ports.node_directory import NodeDirectory

_FORGET_SECONDS = 10.0


class DistributedNodeDirectory:
    """`NodeDirectory` of many machines; a process that was killed is known by its silence only."""

    def __init__(self, registrations: MongoRegistrations, presence: RedisPresence, clock: Clock) -> None:
        self._registrations = registrations
        self._presence = presence
        self._clock = clock
        self._forgot_at = 0.0

    async def register(self, node: Node, now: int) -> int:
        session = await self._registrations.register(node, now)
        self._presence.hold(node.id, session)
        return session

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        was_open = await self._registrations.leave(node_id, session, lease)
        await self._presence.leave(session)
        return was_open

    async def begin_leaving(self, node_id: str, session: int) -> None:
        await self._registrations.begin_leaving(node_id, session)

    async def registrations(self) -> Sequence[Registration]:
        return await self._registrations.registrations()

    async def registration_of(self, node_id: str) -> Registration | None:
        return await self._registrations.registration_of(node_id)

    async def beat(self, beat: Beat) -> None:
        await self._presence.beat(beat)

    async def presences(self) -> Sequence[Presence]:
        return await self._presence.presences()

    async def forget_beats(self) -> None:
        """Removes the beats of sessions that are not open any more, now and then; what fails is done the next time."""
        now = self._clock.monotonic()
        if now - self._forgot_at < _FORGET_SECONDS:
            return
        self._forgot_at = now
        open_sessions = {registration.session for registration in await self.registrations()}
        with suppress(StoreError):
            await self._presence.forget_all_but(open_sessions)


_: type[NodeDirectory] = DistributedNodeDirectory
