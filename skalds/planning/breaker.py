"""The breaker of a node and a class: a node that fails everything at once must not attract all work.

    closed ──3 failures in a row, each within 1 s of its start──► open ──delay over──► probing: one task may try
       ▲                                                            ▲                    │
       └──────── a run that ended well or outlived 1 s ─────────────┼────────────────────┤
                                                                    └── it failed at once: delay doubled, ≤ 5 min

The delay begins with 10 s. After the circuit breaker of M. Nygard, "Release It!", chapter 5.
"""

from dataclasses import dataclass, replace

FAILURES_TO_OPEN = 3
AT_ONCE_S = 1.0
FIRST_DELAY_S = 10.0
LONGEST_DELAY_S = 300.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state for one node and class; moments are monotonic seconds of the observer."""

    failures: int = 0
    open_until: float | None = None
    delay: float = FIRST_DELAY_S

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def is_probing(self, now: float) -> bool:
        """Whether one task may be tried."""
        return self.open_until is not None and now >= self.open_until


CLOSED = Breaker()


def after_run(breaker: Breaker, now: float, *, failed: bool, lasted: float) -> Breaker:
    """The breaker after a run on this node ended, `lasted` seconds after its start."""
    if not failed or lasted > AT_ONCE_S:
        return CLOSED
    failures = breaker.failures + 1
    if breaker.is_probing(now):
        delay = min(LONGEST_DELAY_S, breaker.delay * 2)
        return Breaker(failures, now + delay, delay)
    if breaker.is_closed and failures >= FAILURES_TO_OPEN:
        return Breaker(failures, now + breaker.delay, breaker.delay)
    return replace(breaker, failures=failures)
