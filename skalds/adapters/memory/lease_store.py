"""Leases."""

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import Duty, LeaseRow
from skalds.ports.lease_store import LeaseStore


class MemoryLeaseStore:
    """`LeaseStore` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def read(self, duty: Duty) -> LeaseRow | None:
        return self._store.leases.get(duty.value)

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        if self._store.leases.get(duty.value) != seen:
            return None
        term = 1 if seen is None else seen.term + 1
        return self._keep(LeaseRow(duty.value, holder, term, 0, expires))

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        stored = self._ours(lease)
        if stored is None:
            return None
        return self._keep(stored._replace(renewals=stored.renewals + 1, expires=expires))

    async def resign(self, lease: LeaseRow) -> None:
        stored = self._ours(lease)
        if stored is not None:
            self._keep(stored._replace(holder=""))

    def _ours(self, lease: LeaseRow) -> LeaseRow | None:
        stored = self._store.leases.get(lease.duty)
        return stored if stored is not None and (stored.holder, stored.term) == (lease.holder, lease.term) else None

    def _keep(self, lease: LeaseRow) -> LeaseRow:
        self._store.leases[lease.duty] = lease
        return lease


_: type[LeaseStore] = MemoryLeaseStore
