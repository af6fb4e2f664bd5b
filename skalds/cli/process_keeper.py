"""Keeps a few child processes running: starts them, restarts what dies, stops all."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from skalds.errors import EXIT_ALREADY_RUNNING, EXIT_FAILED, EXIT_REFUSED

_PR_SET_PDEATHSIG = 1
_LONGEST_BACKOFF = 5.0
_HEALTHY_AFTER = 10.0
_NEVER_AGAIN = frozenset({0, EXIT_REFUSED, EXIT_ALREADY_RUNNING})
"""Exit statuses that a restart would only repeat: ended as asked, unusable configuration, already running."""


@dataclass(slots=True)
class Child:
    """A process to keep: its name for people, its command, and what it needs."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    pass_fds: Sequence[int] = ()


class ProcessKeeper:
    """Restarts a child that ended unasked, with a growing pause while it keeps failing.

    Children are in sessions of their own, so that a Ctrl-C reaches only this process, and get SIGINT should it die.
    `on_line` receives each line a child prints.
    """

    def __init__(self, on_line: Callable[[str, str], None], on_restart: Callable[[str, int], None]) -> None:
        self._on_line = on_line
        self._on_restart = on_restart
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._stopping = False
        self.given_up: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
        """Name and exit status of a child that will not be restarted."""

    def keep(self, child: Child) -> None:
        """Starts a child and keeps it running."""
        self._keeping[child.name] = asyncio.create_task(self._keep(child), name=f"keep {child.name}")

    def pid_of(self, name: str) -> int | None:
        """The process of the child at this moment, if it runs."""
        process = self._processes.get(name)
        return process.pid if process is not None and process.returncode is None else None

    async def stop(self, names: Sequence[str], grace: float) -> None:
        """Interrupts the named children and waits for them; kills what has not ended after `grace` seconds."""
        self._stopping = True
        for name in names:
            self._signal(name, signal.SIGINT)
        waiting = [self._keeping[name] for name in names if name in self._keeping]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=grace)
            for name in names:
                if self._keeping.get(name) in late:
                    self._signal(name, signal.SIGKILL)
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            started = loop.time()
            try:
                status = await self._run(child)
            except OSError as error:  # no room for another process or descriptor at this moment
                self._on_line(child.name, f"could not be started: {error}")
                status = EXIT_FAILED
            if self._is_over(child.name, status):
                return
            failures = 0 if loop.time() - started > _HEALTHY_AFTER else failures + 1
            self._on_restart(child.name, status)
            await asyncio.sleep(min(_LONGEST_BACKOFF, 0.1 * 2**failures) if failures > 1 else 0)
            if self._stopping:
                return

    def _is_over(self, name: str, status: int) -> bool:
        """Whether the child is not to be started again, which is told unless everything is being stopped anyway."""
        if not self._stopping and status in _NEVER_AGAIN and not self.given_up.done():
            self.given_up.set_result((name, status))
        return self._stopping or status in _NEVER_AGAIN

    async def _run(self, child: Child) -> int:
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env={**os.environ, **child.environment},
            pass_fds=child.pass_fds,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_interrupt_when_parent_dies if sys.platform == "linux" else None,
        )
        self._processes[child.name] = process
        if self._stopping:
            # It was being started while all others were told to stop.
            self._signal(child.name, signal.SIGINT)
        if process.stdout is not None:
            await self._forward(child.name, process.stdout)
        return await process.wait()

    async def _forward(self, name: str, lines: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await lines.readline()
            except ValueError:  # longer than the reader's limit; the rest of it follows
                continue
            if not line:
                return
            self._on_line(name, line.decode(errors="replace").rstrip("\n"))

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._processes.get(name)
        if process is not None and process.returncode is None:
            process.send_signal(number)


def _interrupt_when_parent_dies() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
