"""Holding the lease of a duty, and knowing when not to trust it any more.

    follower ──lease never held, resigned, or unchanged for a TTL──► take (term + 1) ──► leader
       ▲                                                                                  │
       └──── renewal refused, or no renewal for TTL − margin by our monotonic clock ◄─────┘

No wall clock decides anything: an observer times the stored row by its own monotonic clock. Overlap stays possible
and harmless, because every commit checks the term in its own transaction.
"""

from collections.abc import Callable

from skalds.config.timings import Timings
from skalds.errors import SkaldsError
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.clock import Clock
from skalds.ports.lease_store import LeaseStore
from skalds.runtime.failpoint import failpoint
from skalds.runtime.log_setup import log_event


class Leadership:
    """One controller's claim to one duty; `run_once` is called every `lease_renew`."""

    def __init__(
        self,
        duty: Duty,
        holder: str,
        leases: LeaseStore,
        clock: Clock,
        timings: Timings,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._duty = duty
        self._holder = holder
        self._leases = leases
        self._clock = clock
        self._ttl = timings.lease_ttl.total_seconds()
        self._trust = self._ttl - timings.lease_margin.total_seconds()
        self._on_change = on_change
        self._held: LeaseRow | None = None
        self._trusted_until = 0.0
        self._seen: LeaseRow | None = None
        self._seen_since = 0.0

    @property
    def lease(self) -> LeaseRow | None:
        """The lease to put under a commit, or None while this controller is not sure to be the leader."""
        return self._held if self._clock.monotonic() < self._trusted_until else None

    @property
    def leader(self) -> LeaseRow | None:
        """The lease as last read, whoever holds it; for people."""
        return self._held or self._seen

    async def run_once(self) -> None:
        """Renews the lease, or takes it when nobody keeps it up."""
        asked = self._clock.monotonic()
        if self._held is not None:
            failpoint("lease.renew")
            self._become(await self._leases.renew(self._held, self._expires()), asked)
        elif await self._is_free():
            self._become(await self._leases.take(self._duty, self._holder, self._seen, self._expires()), asked)

    async def resign(self) -> None:
        """Gives the duty up at once, so that another controller need not wait for the lease to run out."""
        held, self._held, self._trusted_until = self._held, None, 0.0
        if held is not None:
            try:
                await self._leases.resign(held)
            except SkaldsError as error:
                log_event("WARNING", "lease.resign_failed", duty=self._duty.value, error=error)

    async def _is_free(self) -> bool:
        row = await self._leases.read(self._duty)
        # Timed from the answer on: the row may have been written at any moment while the question was on its way.
        now = self._clock.monotonic()
        if row != self._seen:
            self._seen, self._seen_since = row, now
        return row is None or not row.holder or now - self._seen_since >= self._ttl

    def _become(self, row: LeaseRow | None, asked: float) -> None:
        changed = (row and row.term) != (self._held and self._held.term)
        was_trusted = self.lease is not None
        self._held = row
        self._trusted_until = asked + self._trust if row else 0.0
        if changed:
            event = "lease.taken" if row else "lease.lost"
            log_event("INFO", event, duty=self._duty.value, holder=self._holder, term=row.term if row else None)
        if changed or (row is not None and not was_trusted):
            # Whoever asked for work while the lease was in doubt was sent away.
            self._on_change()

    def _expires(self) -> int:
        return self._clock.wall_ms() + round(self._ttl * 1000)
