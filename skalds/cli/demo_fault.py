"""The fault of `skalds demo --kill`: one process gets SIGKILL half-way, and calls are patient with what follows."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from skalds.cli.demo_view import DemoState
from skalds.cli.process_keeper import ProcessKeeper
from skalds.errors import ControllerUnreachable, OutcomeUnknown, StoreUnavailable

T = TypeVar("T")

_PATIENCE_SECONDS = 30.0
_AGAIN_SECONDS = 0.1
_NO_ANSWER = (ControllerUnreachable, OutcomeUnknown, StoreUnavailable)


class Victim(Enum):
    """Which process is killed."""

    NODE = "node"
    CONTROLLER = "controller"


class DemoFault:
    """Kills the victim once half of the tasks have finished: the named controller, or the busiest node."""

    def __init__(self, victim: Victim | None, keeper: ProcessKeeper, controller: str) -> None:
        self._victim = victim
        self._controller = controller
        self._keeper = keeper
        self.killed: str | None = None
        """What was killed and when, for people; None as long as nothing was."""

    @property
    def is_pending(self) -> bool:
        return self._victim is not None and self.killed is None

    def strike(self, state: DemoState) -> bool:
        """Kills if it is time; says whether it did just now."""
        if not self.is_pending or state.finished * 2 < state.total:
            return False
        name = self._name(state)
        pid = self._keeper.pid_of(name)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        self.killed = f"{name} (process {pid}) with SIGKILL when {state.finished} of {state.total} tasks had finished"
        return True

    def _name(self, state: DemoState) -> str:
        if self._victim is Victim.CONTROLLER:
            return self._controller
        return str(max(state.nodes, key=lambda node: node["usedSlots"])["id"])


async def patiently(call: Callable[[], Awaitable[T]]) -> T:
    """The answer to a call that may be repeated without harm, as soon as there is one."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            try:
                return await call()
            except _NO_ANSWER:
                await asyncio.sleep(_AGAIN_SECONDS)
