"""Leases as the store keeps them."""

from typing import Protocol

from skalds.model.lease import Duty, LeaseRow


class LeaseStore(Protocol):
    """Compare-and-set on one row per duty. When a lease has expired is the observer's judgement, not the store's."""

    async def read(self, duty: Duty) -> LeaseRow | None:
        """The stored lease, or None if nobody ever held it."""
        ...

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        """Becomes holder with the next term if the row is still exactly `seen`; None if it moved."""
        ...

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        """Counts one renewal if holder and term still stand; None if the lease is somebody else's."""
        ...

    async def resign(self, lease: LeaseRow) -> None:
        """Empties the holder if the lease is still ours, so that the next one need not wait."""
        ...
