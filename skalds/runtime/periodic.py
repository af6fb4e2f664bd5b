"""A duty that is done again and again: after an interval, or at once when woken.

start ─► run_once ─► wait for interval, wake or stop ─┐
            ▲  └─ raised ─► wait for backoff or stop ─┤
            └─────────────────────────────────────────┘   stop: the current run ends first
"""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

from skalds.ports.clock import Clock
from skalds.runtime.log_setup import log_event
from skalds.runtime.service import cancel_all

_FIRST_BACKOFF = timedelta(seconds=0.1)
_LONGEST_BACKOFF = timedelta(seconds=2)


class Periodic:
    """Calls `run_once` until stopped, never twice at a time; a failing run is logged as `<name>.failed`.

    A `wake` during a run starts the next one as soon as that ends. With an `rng` each interval is lengthened or
    shortened by up to the share `jitter`, so that many processes do not act in step.
    """

    def __init__(
        self,
        run_once: Callable[[], Awaitable[object]],
        interval: timedelta,
        clock: Clock,
        *,
        name: str,
        jitter: float = 0.1,
        rng: random.Random | None = None,
    ) -> None:
        self._run_once = run_once
        self._interval = interval
        self._clock = clock
        self._name = name
        self._jitter = jitter
        self._rng = rng
        self._woken = False
        self._stopping = False
        self._pause: asyncio.Future[None] | None = None
        """What `_wait` waits for, while it does."""
        self._obeys_wakes = False
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins with a run at once."""
        if self._loop is not None:
            raise RuntimeError(f"{self._name} has been started already")
        self._loop = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """Asks for a run as soon as possible; many calls before it ask for one run."""
        self._woken = True
        if self._obeys_wakes:
            self._end_pause()

    @property
    def is_woken(self) -> bool:
        """Whether a run was asked for that has not begun yet."""
        return self._woken

    def set_interval(self, interval: timedelta) -> None:
        """The interval from the next run on, which is asked for at once."""
        self._interval = interval
        self.wake()

    async def stop(self) -> None:
        """Lets the current run end and begins no other."""
        self._stopping = True
        self._end_pause()
        if self._loop is not None and self._loop is not asyncio.current_task():
            # Not awaited itself: a crash of the loop is told by `wait_ended`, and stopping must go on.
            await asyncio.wait([self._loop])

    async def wait_ended(self) -> None:
        if self._loop is not None:
            await asyncio.shield(self._loop)

    async def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._woken = False
            try:
                await self._run_once()
            except Exception as error:
                failures += 1
                self._log_failure(error, failures)
                # A wake is remembered but not obeyed yet: whoever wakes a failing duty must not make it spin.
                await self._wait(self._backoff(failures), unless_woken=False)
            else:
                failures = 0
                await self._wait(self._next_interval(), unless_woken=True)

    async def _wait(self, seconds: float, *, unless_woken: bool) -> None:
        """Returns after `seconds`, or as soon as it has to stop or, if wanted, is woken."""
        if self._stopping or (unless_woken and self._woken):
            # A run that never really waits must not keep the loop from everything else.
            await asyncio.sleep(0)
            return
        # One task and one future: an idle process does little else than this.
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        self._pause, self._obeys_wakes = asyncio.get_running_loop().create_future(), unless_woken
        sleep.add_done_callback(self._end_pause)
        try:
            await self._pause
            if sleep.done():
                sleep.result()
        finally:
            self._pause = None
            if not sleep.done():
                await cancel_all([sleep])

    def _end_pause(self, _: object = None) -> None:
        if self._pause is not None and not self._pause.done():
            self._pause.set_result(None)

    def _next_interval(self) -> float:
        stretch = self._rng.uniform(-self._jitter, self._jitter) if self._rng is not None else 0.0
        return self._interval.total_seconds() * (1 + stretch)

    def _backoff(self, failures: int) -> float:
        doubled = _FIRST_BACKOFF * 2.0 ** min(failures - 1, 16)
        return min(doubled, _LONGEST_BACKOFF).total_seconds()

    def _log_failure(self, error: Exception, failures: int) -> None:
        place = traceback.extract_tb(error.__traceback__)[-1]
        log_event(
            "ERROR", f"{self._name}.failed", error=error, failures=failures, at=f"{place.filename}:{place.lineno}"
        )
