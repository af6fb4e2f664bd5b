"""The clock: wall time for records, monotonic time for every judgement."""

from typing import Protocol


class Clock(Protocol):
    """Tells and waits time; the only source of either, so that a simulation can own it."""

    def wall_ms(self) -> int:
        """Milliseconds since the epoch (UTC). May jump; never compare it to judge liveness, leases or timeouts."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; comparable only within one process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds` of monotonic time; can be cancelled."""
        ...
