"""Following the change feed: the one reader of it in a controller, for everyone in the process who cares."""

import asyncio
from collections.abc import Callable, Sequence

from skalds.model.run_change import LiveRun, RunChange
from skalds.ports.clock import Clock
from skalds.ports.run_ledger import RunLedger
from skalds.runtime.log_setup import log_event
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.live_runs import LiveRuns

_PAGE = 2_000


class ChangeTail:
    """Keeps `live_runs` true and passes every change on to `listeners`.

    `run_once` reads what is new; it is woken by taps and repeats slowly, so that a lost tap costs latency only.
    """

    def __init__(self, ledger: RunLedger, live_runs: LiveRuns, keys: LaneKeys, clock: Clock) -> None:
        self.listeners: list[Callable[[Sequence[RunChange]], None]] = []
        self._ledger = ledger
        self._live_runs = live_runs
        self._keys = keys
        self._clock = clock
        self._position = 0
        self._is_torn = True  # what follows the position cannot be read: the rows have to be, with nothing in flight
        self._reading = asyncio.Lock()  # taken after `settling` by whoever needs both

    @property
    def position(self) -> int:
        """How far the feed has been read and told of."""
        return self._position

    async def run_once(self) -> int:
        """Reads the feed to its present end; returns how many changes it told of."""
        async with self._reading:
            total = await self._follow()
        while self._is_torn:
            async with self._live_runs.settling, self._reading:
                if self._is_torn:  # somebody else may have read the rows meanwhile
                    await self._read_again()
                total += await self._follow()
        return total

    async def audit(self) -> int:
        """Compares the projection with the rows and repairs it; returns how many entries were wrong."""
        async with self._live_runs.settling, self._reading:
            runs, position = await self._ledger.live_runs()
            while not self._is_torn and self._position < position:
                limit = min(_PAGE, position - self._position)
                if await self._read_page(limit) < limit:
                    break
            if self._is_torn:
                await self._read_again()
                return 0
            await self._keys.learn(run.lane for run in runs)
            # If not equal, the feed went on meanwhile; the next audit will tell.
            return self._repair(runs) if self._position == position else 0

    async def _follow(self) -> int:
        """Reads on to the present end of the feed, or to where it is torn; returns how many changes it told of."""
        total = 0
        while not self._is_torn:
            read = await self._read_page(_PAGE)
            total += read
            if read < _PAGE:
                break
        return total

    async def _read_again(self) -> None:
        """Puts the rows in place of the projection; nobody may hold reservations meanwhile."""
        runs, position = await self._ledger.live_runs()
        await self._keys.learn(run.lane for run in runs)
        self._live_runs.replace(runs, self._clock.monotonic())
        self._position, self._is_torn = position, False
        self._tell([])

    async def _read_page(self, limit: int) -> int:
        """Reads at most `limit` changes more; returns how many there were."""
        changes = await self._ledger.changes_since(self._position, limit)
        if changes is None:
            log_event("WARNING", "feed.trimmed", position=self._position)
            self._is_torn = True
            return 0
        await self._keys.learn(change.lane for change in changes)
        now = self._clock.monotonic()
        for change in changes:
            self._live_runs.apply(change, now)
        if changes:
            self._position = changes[-1].position
            self._tell(changes)
        return len(changes)

    def _repair(self, runs: Sequence[LiveRun]) -> int:
        wrong = self._live_runs.replace(runs, self._clock.monotonic())
        if wrong:
            log_event("WARNING", "projection.repaired", entries=wrong)
            self._tell([])
        return wrong

    def _tell(self, changes: Sequence[RunChange]) -> None:
        for listener in self.listeners:
            listener(changes)
