"""Lanes, heads and the claim."""

from collections.abc import Mapping, Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lane import LaneKey
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Assignment, Task, TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim, DispatchQueue, Lane


class MemoryDispatchQueue:
    """`DispatchQueue` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def ripen(self, now: int) -> int | None:
        return self._store.queue.ripen(now)

    async def lanes(self) -> Sequence[Lane]:
        return self._store.queue.lanes()

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        heads = {lane: self._store.queue.heads(lane, limit) for lane, limit in limits.items()}
        return {lane: tasks for lane, tasks in heads.items() if tasks}

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        self._store.check_lease(lease)
        claimed: dict[str, Task] = {}
        given: list[Assign] = []
        for claim in claims:
            assignment = _assignment(claim, lease.term)
            for assign in claim.assigns:
                if assign.task_id not in claimed and self._store.queue.attempt_of(assign.task_id) == assign.attempt:
                    claimed[assign.task_id] = _assigned(self._store.rows[assign.task_id], assignment)
                    given.append(assign)
        self._store.put_claimed(claimed.values())
        return given

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        wanted = set(claim_ids)
        return [task.id for task in self._store.rows.values() if task.assignment and task.assignment.id in wanted]

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        for lane, reason in reasons.items():
            self._store.queue.note_reason(lane, reason)

    async def reasons(self, keys: Sequence[LaneKey]) -> Mapping[LaneKey, WaitReason | None]:
        return {key: self._store.queue.reason(key) for key in keys if self._store.queue.knows(key)}

    async def ready_count(self) -> int:
        return len(self._store.queue)


def _assignment(claim: Claim, term: int) -> Assignment:
    return Assignment(
        id=claim.id,
        skald_id=claim.node_id,
        session=claim.session,
        term=term,
        assigned_at=claim.assigned_at,
        accept_by=claim.accept_by,
    )


def _assigned(task: Task, assignment: Assignment) -> Task:
    return task.changed(
        assignment.assigned_at,
        lifecycle_status=TaskLifecycleStatus.ASSIGNING.value,
        attempt=task.attempt + 1,
        executor=assignment.skald_id,
        assignment=assignment,
        released_at=None,
    )


_: type[DispatchQueue] = MemoryDispatchQueue
