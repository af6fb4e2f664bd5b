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
        self._position: int | None = None  # None: the rows have not been read yet
        self._reading = asyncio.Lock()

    @property
    def position(self) -> int:
        """How far the feed has been read and told of."""
        return self._position or 0

    async def run_once(self) -> int:
        """Reads the feed to its present end; returns how many changes it told of."""
        async with self._reading:
            position = self._position
            if position is None:
                position = await self._read_again()
            total = 0
            while read := await self._read_page(position, _PAGE):
                total += read
                if read < _PAGE or self._position is None:
                    break
                position = self._position
            return total

    async def audit(self) -> int:
        """Compares the projection with the rows and repairs it; returns how many entries were wrong."""
        async with self._live_runs.settling, self._reading:
            runs, position = await self._ledger.live_runs()
            while self._position is not None and self._position < position:
                limit = min(_PAGE, position - self._position)
                if await self._read_page(self._position, limit) < limit:
                    break
            await self._keys.learn(run.lane for run in runs)
            # If not equal, the feed was trimmed meanwhile; the next audit will tell.
            return self._repair(runs) if self._position == position else 0

    async def _read_again(self) -> int:
        runs, position = await self._ledger.live_runs()
        await self._keys.learn(run.lane for run in runs)
        self._live_runs.replace(runs, self._clock.monotonic())
        self._position = position
        self._tell([])
        return position

    async def _read_page(self, position: int, limit: int) -> int:
        """Reads at most `limit` changes after `position`; returns how many there were."""
        changes = await self._ledger.changes_since(position, limit)
        if changes is None:
            log_event("WARNING", "feed.trimmed", position=position)
            await self._read_again()
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
