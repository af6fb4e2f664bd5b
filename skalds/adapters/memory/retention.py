"""Forgetting what is over."""

from itertools import islice

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import LeaseRow
from skalds.model.task import Task
from skalds.ports.retention import Forgotten, Retention


class MemoryRetention:
    """`Retention` in memory; looks at every task."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        self._store.check_lease(lease)
        ended = [
            task
            for task in self._store.rows.values()
            if task.final
            and not task.holds_slot
            and not self._is_needed(task)
            and max(task.update_date_time, task.create_date_time)
            < (before if task.idempotency_key is None else keyed_before)
        ]
        # In the order of SQLite's index.
        ended.sort(key=lambda task: (task.idempotency_key is not None, task.update_date_time))
        forgotten = list(islice(ended, limit))
        for task in forgotten:
            self._store.forget(task)
        return len(forgotten)

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        self._store.check_lease(lease)
        busy = {task.executor for task in self._store.live.values()}
        old = [
            id_
            for id_, registration in self._store.registered.items()
            if registration.closed and registration.registered_at < before and id_ not in busy
        ]
        for id_ in old:
            del self._store.registered[id_]
        return Forgotten(self._store.lanes.forget_unused(), len(old))

    def _is_needed(self, task: Task) -> bool:
        """Whether something that waits is about to learn how this task ended."""
        store = self._store
        return any(store.rows[id_].is_waiting for id_ in store.dependencies.dependants(task.id))


_: type[Retention] = MemoryRetention
