"""Commits a plan's assignments, and knows afterwards which of them stand.

    begin ──► runs counted ──► transaction under way ──► end: what was given; what was refused counts no more

Between the two the next plan can be made: it finds the runs counted as if all of them had come about.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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

_ASSIGNING = TaskLifecycleStatus.ASSIGNING.value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a commit: the claims with what was given away, and the assignments that were refused."""

    claims: Sequence[Claim] = ()
    refused: Sequence[Assign] = ()


@dataclass(frozen=True, slots=True)
class _Commit:
    """What is under way; `given` brings the ids of the tasks that were given away."""

    claims: Sequence[Claim]
    runs: Mapping[str, LiveRun]
    given: "asyncio.Task[set[str]]"


class ClaimCommitter:
    """One transaction per plan, one claim per node, one commit at a time."""

    def __init__(self, live_runs: LiveRuns, around: Surroundings) -> None:
        self._live_runs = live_runs
        self._queue = around.engine.queue
        self._clock = around.clock
        self._ids = around.ids
        self._accept_ms = round(around.timings.accept.total_seconds() * 1000)
        self._under_way: _Commit | None = None

    async def begin(self, assigns: Sequence[Assign], lease: LeaseRow) -> None:
        """Counts the runs and sets the commit on its way; whoever begins one calls `end`, whatever happens."""
        if not assigns:
            return
        claims = self._claims(assigns)
        runs = {assign.task_id: _live_run(assign) for assign in assigns}
        await self._live_runs.settling.acquire()
        self._live_runs.reserve(runs.values(), self._clock.monotonic())
        committing = asyncio.create_task(self._commit(claims, lease), name="claim")
        self._under_way = _Commit(claims, runs, committing)

    async def end(self) -> Outcome:
        """Waits for the commit under way, if there is one; raises `LeaseLost` if we lead no more."""
        commit = self._under_way
        if commit is None:
            return Outcome()
        given: set[str] = set()
        try:
            given = await commit.given
        finally:
            self._under_way = None
            self._live_runs.drop([run for task_id, run in commit.runs.items() if task_id not in given])
            self._live_runs.settling.release()
        outcome = _outcome(commit.claims, given, len(commit.runs))
        _log_assigned(outcome.claims)
        return outcome

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


def _outcome(claims: Sequence[Claim], given: set[str], asked_for: int) -> Outcome:
    if len(given) == asked_for:
        return Outcome(claims)
    kept = [replace(claim, assigns=[one for one in claim.assigns if one.task_id in given]) for claim in claims]
    refused = [one for claim in claims for one in claim.assigns if one.task_id not in given]
    return Outcome([claim for claim in kept if claim.assigns], refused)


def _log_assigned(claims: Sequence[Claim]) -> None:
    """Logs the first of them; no more of one kind are written in a second."""
    assigned = ((claim.node_id, assign) for claim in claims for assign in claim.assigns)
    for node_id, assign in islice(assigned, PER_SECOND):
        log_event("DEBUG", "task.assigned", task=assign.task_id, node=node_id, attempt=assign.attempt + 1)


def _live_run(assign: Assign) -> LiveRun:
    return LiveRun(
        assign.task_id,
        assign.attempt + 1,
        _ASSIGNING,
        assign.node_id,
        assign.session,
        assign.lane,
    )
