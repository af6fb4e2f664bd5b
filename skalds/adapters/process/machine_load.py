"""The load of this machine, as the operating system counts it."""

import time

import psutil

from skalds.ports.machine_load import MachineLoad

_SHORTEST_SPAN = 0.5
"""Seconds a use of CPU must be measured over to mean anything."""


class PsutilMachineLoad:
    """`MachineLoad` over psutil; two looks in quick succession give the same answer."""

    def __init__(self) -> None:
        self._load: float | None = None
        self._look_again_at = time.monotonic() + _SHORTEST_SPAN
        self._read()

    def sample(self) -> float | None:
        if time.monotonic() >= self._look_again_at:
            self._look_again_at = time.monotonic() + _SHORTEST_SPAN
            self._load = self._read()
        return self._load

    def _read(self) -> float | None:
        try:
            # Without an interval it tells what was used since the call before, at once.
            percent = max(psutil.cpu_percent(interval=None), psutil.virtual_memory().percent)
        except (psutil.Error, OSError, RuntimeError):
            return None
        return min(1.0, max(0.0, percent / 100))


_: type[MachineLoad] = PsutilMachineLoad
