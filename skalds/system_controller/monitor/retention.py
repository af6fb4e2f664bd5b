"""Forgets tasks that ended long ago, a few at a time, and what they leave behind."""

from collections.abc import AsyncIterator
from datetime import timedelta

from skalds.errors import LeaseLost
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.retention import Forgotten
from skalds.runtime.log_setup import log_event
from skalds.system_controller.leadership import Leadership

KEYS_KEPT = timedelta(hours=24)
"""A repeated submit finds its task at least this long after the end, however short tasks are kept."""

BATCH = 100
"""Tasks of one transaction: few enough for a claim that comes meanwhile to notice little of it."""

PAUSE_SECONDS = 0.05


class TaskRetention:
    """The duty "monitor": sees that the store does not grow for ever."""

    def __init__(self, leadership: Leadership, engine: Engine, clock: Clock, kept: timedelta) -> None:
        self._leadership = leadership
        self._engine = engine
        self._clock = clock
        self._kept_ms = _ms(kept)
        self._keyed_kept_ms = _ms(max(kept, KEYS_KEPT))

    async def run_once(self) -> None:
        """One round, if and as long as this controller holds the duty."""
        began, now = self._clock.monotonic(), self._clock.wall_ms()
        tasks = 0
        leftovers = Forgotten(0, 0)
        try:
            async for forgotten in self._batches(now):
                tasks += forgotten
            leftovers = await self._forget_leftovers(now)
        except LeaseLost as error:
            log_event("WARNING", "retention.lease_lost", term=error.term)
        if tasks or any(leftovers):
            seconds = round(self._clock.monotonic() - began, 1)
            log_event("INFO", "retention.round", tasks=tasks, **leftovers._asdict(), seconds=seconds)

    async def _batches(self, now: int) -> AsyncIterator[int]:
        forgotten = BATCH
        while forgotten == BATCH and (lease := self._leadership.lease) is not None:
            forgotten = await self._engine.retention.forget_ended(
                now - self._kept_ms, now - self._keyed_kept_ms, BATCH, lease
            )
            yield forgotten
            if forgotten == BATCH:
                await self._clock.sleep(PAUSE_SECONDS)

    async def _forget_leftovers(self, now: int) -> Forgotten:
        lease = self._leadership.lease
        if lease is None:
            return Forgotten(0, 0)
        return await self._engine.retention.forget_leftovers(now - self._kept_ms, lease)


def _ms(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)
