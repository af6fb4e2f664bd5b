"""Lanes, heads and the claim."""

from collections.abc import Mapping, Sequence

from skalds.adapters.memory.memory_store import MemoryStore
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.snapshot import QueuedTask
from skalds.model.task import Assignment, Task, TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim, DispatchQueue, Lane, Ripened


class MemoryDispatchQueue:
    """`DispatchQueue` in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def ripen(self, now: int) -> Ripened:
        return self._store.queue.ripen(now)

    async def lanes(self) -> Sequence[Lane]:
        table = self._store.lanes
        return [Lane(lane, table.key(lane), table.reason(lane)) for lane in self._store.queue.lanes()]

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        heads = {lane: self._store.queue.heads(lane, limit) for lane, limit in limits.items()}
        return {lane: tasks for lane, tasks in heads.items() if tasks}

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        self._store.check_lease(lease)
        claimed: dict[str, Task] = {}
        given: list[Assign] = []
        for claim in claims:
            if not self._takes_work(claim):
                continue
            assignment = _assignment(claim, lease.term)
            for assign in claim.assigns:
                if assign.task_id not in claimed and self._is_free(assign, claim.assigned_at):
                    claimed[assign.task_id] = _assigned(self._store.rows[assign.task_id], assignment)
                    given.append(assign)
        self._store.put_claimed(claimed.values())
        return given

    def _takes_work(self, claim: Claim) -> bool:
        latest = self._store.registered.get(claim.node_id)
        is_open = latest is not None and latest.session == claim.session and not latest.closed
        return is_open and claim.session not in self._store.leaving

    def _is_free(self, assign: Assign, at: int) -> bool:
        if self._store.queue.attempt_of(assign.task_id) != assign.attempt:
            return False
        deadline = self._store.deadlines.get(assign.task_id)
        return deadline is None or deadline > at

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        wanted = set(claim_ids)
        return [task.id for task in self._store.rows.values() if task.assignment and task.assignment.id in wanted]


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
