"""Who is there, in one hash of the whole fleet.

    <prefix>:beats  session number → latest beat of it, and whether its process has ended
                    `canary`       → a word that is gone, or another one, once the hash was lost

A node writes its field each second, a controller reads the whole hash at most once a second.
"""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress

from loguru import logger

from skalds.adapters.log_sampling import is_told
from skalds.adapters.redis.beat_format import presence_from, to_value
from skalds.adapters.redis.link import RedisLink
from skalds.errors import SkaldsError, StoreUnavailable
from skalds.model.node import Beat, Presence
from skalds.ports.clock import Clock
from skalds.ports.ids import Ids

CANARY = b"canary"

_REMOVED_AT_ONCE = 500


def hash_of(link: RedisLink) -> str:
    """The name of the hash."""
    return f"{link.options.prefix}:beats"


class RedisPresence:
    """The beats of `NodeDirectory`: what this process says of its own sessions, and what it hears of all."""

    def __init__(self, link: RedisLink, clock: Clock, ids: Ids) -> None:
        self._said = _OwnBeats(link)
        self._heard = _AllBeats(link, clock, ids)

    def hold(self, node_id: str, session: int) -> None:
        """This process has registered the session: from now on its clean end tells that the session has ended."""
        self._said.hold(Beat(node_id, session, 0))

    async def leave(self, session: int) -> None:
        """The session is closed: nothing is known of it any more. Never raises."""
        await self._said.drop(session)

    async def beat(self, beat: Beat) -> None:
        """Sends a sign of life; one write is under way at a time, and of what comes meanwhile the newest wins."""
        self._said.say(beat)

    async def presences(self) -> Sequence[Presence]:
        """What the hash says, at most `read_seconds` old.

        Raises `StoreUnavailable` when it could not be read as a whole or is a new one, so that silence counts anew.
        """
        return await self._heard.presences()

    async def forget_all_but(self, sessions: Collection[int]) -> None:
        """Removes what is left of sessions that are not open any more; numbers above the newest are just joining."""
        await self._heard.forget_all_but(sessions)

    async def close(self) -> None:
        """Marks the sessions of this process as ended, unless they were closed; idempotent and in bounded time."""
        await self._said.close()


class _OwnBeats:
    """The sessions of this process, each with the latest beat that it gave."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        self._hash = hash_of(link)
        self._latest: dict[int, Beat] = {}
        self._unwritten: set[int] = set()
        self._writing: asyncio.Task[None] | None = None

    def hold(self, beat: Beat) -> None:
        self._latest.setdefault(beat.session, beat)

    def say(self, beat: Beat) -> None:
        latest = self._latest.get(beat.session)
        if latest is not None and latest.count >= beat.count:
            return
        self._latest[beat.session] = beat
        self._unwritten.add(beat.session)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="redis.beats")

    async def drop(self, session: int) -> None:
        self._latest.pop(session, None)
        await self._write_ended()
        with suppress(SkaldsError):
            # The monitor removes what stays behind.
            await self._link.execute("HDEL", self._hash, session)

    async def close(self) -> None:
        await self._write_ended()
        ended, self._latest = self._latest, {}
        fields = [part for beat in ended.values() for part in (beat.session, to_value(beat, exited=True))]
        if fields:
            with suppress(SkaldsError):
                # Nobody hears of the end then, and silence tells it later.
                await self._link.execute("HSET", self._hash, *fields)

    async def _write(self) -> None:
        while self._unwritten:
            sessions, self._unwritten = self._unwritten, set()
            beats = [self._latest[session] for session in sessions if session in self._latest]
            fields = [part for beat in beats for part in (beat.session, to_value(beat))]
            if fields:
                with suppress(SkaldsError):
                    # The link tells the log; the next beat says more than this one.
                    await self._link.execute("HSET", self._hash, *fields)

    async def _write_ended(self) -> None:
        if self._writing is not None:
            await self._writing


class _AllBeats:
    """The hash as a whole, read for whoever asks."""

    def __init__(self, link: RedisLink, clock: Clock, ids: Ids) -> None:
        self._link = link
        self._hash = hash_of(link)
        self._clock = clock
        self._ids = ids
        self._canary: bytes | None = None
        self._reading = asyncio.Lock()
        self._outcome: Sequence[Presence] | SkaldsError = ()
        self._read_at: float | None = None
        self.malformed = 0
        """How many values could not be read."""

    async def presences(self) -> Sequence[Presence]:
        async with self._reading:
            if self._read_at is None or self._clock.monotonic() - self._read_at >= self._link.options.read_seconds:
                self._outcome = await self._read()
                self._read_at = self._clock.monotonic()
        if isinstance(self._outcome, SkaldsError):
            raise StoreUnavailable(self._outcome.message) from self._outcome
        return self._outcome

    async def forget_all_but(self, sessions: Collection[int]) -> None:
        newest = max(sessions, default=0)
        known = [presence.beat.session for presence in await self.presences()]
        gone = [session for session in known if session < newest and session not in sessions]
        for start in range(0, len(gone), _REMOVED_AT_ONCE):
            await self._link.execute("HDEL", self._hash, *gone[start : start + _REMOVED_AT_ONCE])

    async def _read(self) -> Sequence[Presence] | SkaldsError:
        """Writes before it reads: a server that takes no writes keeps the beats out too, and says nothing of nodes.

        The canary is a new word each time it is put there, whoever does it, so that all see that it is another one.
        """
        try:
            await self._link.execute("HSETNX", self._hash, CANARY, self._ids.new())
            fields: dict[bytes, bytes] = await self._link.execute("HGETALL", self._hash)
        except SkaldsError as error:
            return error
        canary = fields.pop(CANARY, None)
        known, self._canary = self._canary, canary
        if canary is None or known not in (None, canary):
            return StoreUnavailable(f"Redis at {self._link.options.address} has lost what it held of the nodes")
        found = [self._presence(field, value) for field, value in fields.items()]
        return sorted((presence for presence in found if presence is not None), key=lambda one: one.beat.session)

    def _presence(self, field: bytes, value: bytes) -> Presence | None:
        presence = presence_from(field, value)
        if presence is None:
            self.malformed += 1
            if is_told(self.malformed):
                logger.bind(count=self.malformed, field=field[:40], hash=self._hash).warning("presence.malformed")
        return presence
