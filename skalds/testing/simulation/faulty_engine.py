"""`FaultyEngine`: the ports of the memory engine as one process reaches them through its connection."""

from collections.abc import Iterable, Mapping, Sequence

from skalds.adapters.memory.engine import MemoryEngine
from skalds.model.audit import AuditEntry
from skalds.model.lane import LaneKey
from skalds.model.lease import Duty, LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.run_change import Change, LiveRun, RunChange
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Task
from skalds.model.task_query import TaskPage, TaskQuery
from skalds.ports.clock import Clock
from skalds.ports.dispatch_queue import Claim, Lane, Ripened
from skalds.ports.engine import Engine
from skalds.ports.lane_board import LaneCount
from skalds.ports.retention import Forgotten
from skalds.ports.task_intake import NO_LIMITS
from skalds.testing.simulation.connection import Connection
from skalds.testing.simulation.faulty_hints import FaultyBus, FaultyDirectory, FaultyWakeup
from skalds.testing.simulation.history import Refused
from skalds.testing.simulation.observed_store import ObservedStore


class FaultyEngine:
    """One process's access to the observed store; `kill` is what the kernel does when the process dies."""

    def __init__(self, store: ObservedStore, clock: Clock, connection: Connection) -> None:
        inner = MemoryEngine(store, clock)
        self._inner = inner
        self._connection = connection
        self._store = store
        self.intake = _Intake(inner, connection)
        self.queue = _Queue(inner, connection)
        self.lanes = _Lanes(inner, connection)
        self.ledger = _Ledger(inner, connection, store)
        self.catalog = _Catalog(inner, connection)
        self.directory = FaultyDirectory(inner, connection, store)
        self.leases = _Leases(inner, connection)
        self.bus = FaultyBus(inner, connection, store)
        self.wakeup = FaultyWakeup(inner, connection)
        self.settings = _Settings(inner, connection)
        self.audit = _Audit(inner, connection)
        self.retention = _Retention(inner, connection)

    async def checkpoint(self) -> None:
        await self._connection.read("checkpoint", self._inner.checkpoint())

    async def close(self) -> None:
        self.kill()

    def kill(self) -> None:
        """Ends hearing and presence at once, without a call."""
        self.directory.killed = True
        self.bus.hang_up()
        self._inner.wakeup.close()
        self._inner.directory.exit()
        self._store.note_exits()


class _Intake:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.intake
        self._connection = connection

    async def submit(self, tasks: Sequence[Task], queue_limits: Mapping[str, int] = NO_LIMITS) -> Sequence[Task]:
        return await self._connection.write("submit", self._inner.submit(tasks, queue_limits))


class _Queue:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.queue
        self._connection = connection

    async def ripen(self, now: int) -> Ripened:
        return await self._connection.read("ripen", self._inner.ripen(now))

    async def lanes(self) -> Sequence[Lane]:
        return await self._connection.read("lanes", self._inner.lanes())

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        return await self._connection.read("heads", self._inner.heads(limits))

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        return await self._connection.write("claim", self._inner.claim(claims, lease), lease)

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        return await self._connection.read("claimed", self._inner.claimed(claim_ids))


class _Lanes:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.lanes
        self._connection = connection

    async def keys(self, lanes: Iterable[int]) -> Mapping[int, LaneKey]:
        return await self._connection.read("lanes.keys", self._inner.keys(list(lanes)))

    async def backlog(self) -> Sequence[LaneCount]:
        return await self._connection.read("backlog", self._inner.backlog())

    async def queued_by(self, tenant: str) -> int:
        return await self._connection.read("queued_by", self._inner.queued_by(tenant))

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        await self._connection.write("note_reasons", self._inner.note_reasons(reasons))

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        return await self._connection.read("reasons", self._inner.reasons(keys))


class _Ledger:
    def __init__(self, inner: MemoryEngine, connection: Connection, store: ObservedStore) -> None:
        self._inner = inner.ledger
        self._connection = connection
        self._store = store

    async def write(self, changes: Sequence[Change], *, durable: bool, lease: LeaseRow | None = None) -> Sequence[bool]:
        return await self._connection.write("write", self._write(changes, durable, lease), lease)

    async def _write(self, changes: Sequence[Change], durable: bool, lease: LeaseRow | None) -> Sequence[bool]:
        written = await self._inner.write(changes, durable=durable, lease=lease)
        for change, done in zip(changes, written, strict=True):
            if not done:
                self._store.history.note(Refused(change, self._store.author))
        return written

    async def runs_of(self, node_id: str, session: int) -> Sequence[Task]:
        return await self._connection.read("runs_of", self._inner.runs_of(node_id, session))

    async def live_runs(self) -> tuple[Sequence[LiveRun], int]:
        return await self._connection.read("live_runs", self._inner.live_runs())

    async def changes_since(self, position: int, limit: int) -> Sequence[RunChange] | None:
        return await self._connection.read("changes_since", self._inner.changes_since(position, limit))

    async def overdue(self, now: int, limit: int) -> Sequence[Task]:
        return await self._connection.read("overdue", self._inner.overdue(now, limit))

    async def forsaken(self, limit: int) -> Sequence[Task]:
        return await self._connection.read("forsaken", self._inner.forsaken(limit))

    async def trim_feed(self, keep: int) -> None:
        await self._connection.write("trim_feed", self._inner.trim_feed(keep))


class _Catalog:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.catalog
        self._connection = connection

    async def get(self, task_id: str) -> Task | None:
        return await self._connection.read("get", self._inner.get(task_id))

    async def get_many(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return await self._connection.read("get_many", self._inner.get_many(task_ids))

    async def find(self, query: TaskQuery) -> TaskPage:
        return await self._connection.read("find", self._inner.find(query))

    async def count_by_status(self) -> Mapping[str, int]:
        return await self._connection.read("count_by_status", self._inner.count_by_status())

    async def class_names(self) -> Sequence[str]:
        return await self._connection.read("class_names", self._inner.class_names())


class _Leases:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.leases
        self._connection = connection

    async def read(self, duty: Duty) -> LeaseRow | None:
        return await self._connection.read("lease.read", self._inner.read(duty))

    async def take(self, duty: Duty, holder: str, seen: LeaseRow | None, expires: int) -> LeaseRow | None:
        return await self._connection.write("lease.take", self._inner.take(duty, holder, seen, expires))

    async def renew(self, lease: LeaseRow, expires: int) -> LeaseRow | None:
        return await self._connection.write("lease.renew", self._inner.renew(lease, expires))

    async def resign(self, lease: LeaseRow) -> None:
        await self._connection.write("lease.resign", self._inner.resign(lease))


class _Settings:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.settings
        self._connection = connection

    async def read(self) -> Mapping[str, str]:
        return await self._connection.read("settings.read", self._inner.read())

    async def write(self, changes: Mapping[str, str | None], audited: AuditEntry | None = None) -> None:
        await self._connection.write("settings.write", self._inner.write(changes, audited))


class _Audit:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.audit
        self._connection = connection

    async def page(self, limit: int, before: int | None = None) -> Sequence[AuditEntry]:
        return await self._connection.read("audit.page", self._inner.page(limit, before))

    async def trim(self, keep: int) -> None:
        await self._connection.write("audit.trim", self._inner.trim(keep))


class _Retention:
    def __init__(self, inner: MemoryEngine, connection: Connection) -> None:
        self._inner = inner.retention
        self._connection = connection

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        forgetting = self._inner.forget_ended(before, keyed_before, limit, lease)
        return await self._connection.write("forget_ended", forgetting, lease)

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        forgetting = self._inner.forget_leftovers(before, lease)
        return await self._connection.write("forget_leftovers", forgetting, lease)


_: type[Engine] = FaultyEngine
