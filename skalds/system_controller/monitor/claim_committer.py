"""Commits a plan's assignments, and knows afterwards which of them stand."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from skalds.errors import OutcomeUnknown
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign
from skalds.model.run_change import LiveRun
from skalds.model.task import TaskLifecycleStatus
from skalds.ports.dispatch_queue import Claim
from skalds.runtime.log_sampling import PER_SECOND
from skalds.runtime.log_setup import log_event
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.surroundings import Surroundings


class ClaimCommitter:
    """One transaction per plan, one claim per node; the projection counts the runs before they are committed."""

    def __init__(self, live_runs: LiveRuns, around: Surroundings) -> None:
        self._live_runs = live_runs
        self._queue = around.engine.queue
        self._clock = around.clock
        self._ids = around.ids
        self._accept_ms = round(around.timings.accept.total_seconds() * 1000)

    async def commit(self, assigns: Sequence[Assign], lease: LeaseRow) -> Sequence[Claim]:
        """Returns the claims with what was still there to be given away; raises `LeaseLost` if we lead no more."""
        if not assigns:
            return []
        claims = self._claims(assigns)
        reserved = {assign.task_id: _live_run(assign) for assign in assigns}
        given: set[str] = set()
        async with self._live_runs.settling:
            self._live_runs.reserve(reserved.values(), self._clock.monotonic())
            try:
                given = await self._commit(claims, lease)
            finally:
                self._live_runs.drop([run for task_id, run in reserved.items() if task_id not in given])
        if len(given) < len(reserved):
            kept = [replace(c, assigns=[a for a in c.assigns if a.task_id in given]) for c in claims]
            claims = [claim for claim in kept if claim.assigns]
        _log_assigned(claims)
        return claims

    def _claims(self, assigns: Sequence[Assign]) -> Sequence[Claim]:
        by_session: dict[tuple[str, int], list[Assign]] = defaultdict(list)
        for assign in assigns:
            by_session[assign.node_id, assign.session].append(assign)
        now = self._clock.wall_ms()
        return [
            Claim(self._ids.new(), node_id, session, now, now + self._accept_ms, mine)
            for (node_id, session), mine in by_session.items()
        ]

    async def _commit(self, claims: Sequence[Claim], lease: LeaseRow) -> set[str]:
        """Ids of the tasks that were given away; an unknown outcome is read back, never tried again."""
        try:
            return {assign.task_id for assign in await self._queue.claim(claims, lease)}
        except OutcomeUnknown:
            log_event("WARNING", "claim.outcome_unknown", claims=len(claims))
            return set(await self._queue.claimed([claim.id for claim in claims]))


def _log_assigned(claims: Sequence[Claim]) -> None:
    """Logs the first of them; no more of one kind are written in a second."""
    assigned = ((claim.node_id, assign) for claim in claims for assign in claim.assigns)
    for node_id, assign in islice(assigned, PER_SECOND):
        log_event("DEBUG", "task.assigned", task=assign.task_id, node=node_id, attempt=assign.attempt + 1)


def _live_run(assign: Assign) -> LiveRun:
    return LiveRun(
        assign.task_id,
        assign.attempt + 1,
        TaskLifecycleStatus.ASSIGNING.value,
        assign.node_id,
        assign.session,
        assign.lane,
    )
