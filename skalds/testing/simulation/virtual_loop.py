"""An event loop whose time passes only when nothing is left to do, and whose order of callbacks comes from a seed.

ready callbacks ──► shuffle ──► run (or hold, if their process is halted) ──┐
     ▲                                                                      │
     └────────── nothing ready: time jumps to the next timer ◄──────────────┘
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from typing import TypeVarTuple

from skalds.errors import SkaldsError

Ts = TypeVarTuple("Ts")


class Process:
    """An operating-system process of the simulation: its callbacks are held while it is halted, for ever if killed."""

    __slots__ = ("halted", "held", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.halted = False
        self.held: list[asyncio.Handle] = []


OWNER: ContextVar[Process | None] = ContextVar("simulated_process", default=None)
"""The process to which the running code belongs; every task and timer inherits it. None: the world itself."""


class Stuck(SkaldsError):
    """Nothing is scheduled any more, so time cannot pass."""

    code = "simulation_stuck"


def chance(*parts: object) -> random.Random:
    """A generator of its own for these parts of a seed, the same in every process whatever its hash seed."""
    return random.Random("/".join(map(str, parts)))  # noqa: S311 - the point is to foresee it


class VirtualLoop(asyncio.BaseEventLoop):
    """Without selector, sleep, thread or wall clock; the same seed gives the same order of everything."""

    _ready: deque[asyncio.Handle]

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng
        self._now = 0.0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timers_made = 0
        self.processes: list[Process] = []

    def get_debug(self) -> bool:
        return False

    def time(self) -> float:
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timers_made += 1
        heappush(self._timers, (when, self._timers_made, timer))
        return timer

    def process(self, name: str) -> Process:
        """A new process of the simulation."""
        self.processes.append(Process(name))
        return self.processes[-1]

    def resume(self, process: Process) -> None:
        """Lets a halted process go on with everything that became due meanwhile."""
        process.halted = False
        self._ready.extend(process.held)
        process.held = []

    def _run_once(self) -> None:
        timers, ready = self._timers, self._ready
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not ready:
            if not timers:
                raise Stuck
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            ready.append(heappop(timers)[2])
        batch = list(ready)
        ready.clear()
        draw = self._rng.random
        for last in range(len(batch) - 1, 0, -1):
            other = int(draw() * (last + 1))
            batch[last], batch[other] = batch[other], batch[last]
        for handle in batch:
            if handle._cancelled:
                continue
            owner = handle._context.get(OWNER)  # type: ignore[attr-defined]
            if owner is not None and owner.halted:
                owner.held.append(handle)
            else:
                handle._run()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are dropped when their moment comes."""

    def _write_to_self(self) -> None:
        """There is no selector to wake."""

    def _process_events(self, event_list: object) -> None:
        """There is nothing to read from."""
