"""`Dispatcher`: gives every waiting task to a node, one pass at a time.

    snapshot ──► plan (planning.dispatch) ──► commit (refuses what changed) ──► announce

A pass starts when something changed, and at the latest after the interval. The class decides nothing itself.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skalds.config._enum import DispatcherStrategyEnum
from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.plan import DispatchPlan
from skalds.model.snapshot import ClusterSnapshot
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.filters import DISPATCHED_MODE
from skalds.planning.strategies.registry import STRATEGIES
from skalds.ports.dispatch_queue import Lane
from skalds.runtime.alarm import Alarm
from skalds.runtime.failpoint import failpoint
from skalds.runtime.log_setup import log_event
from skalds.runtime.periodic import Periodic
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.monitor.announcer import Announcer
from skalds.system_controller.monitor.claim_committer import ClaimCommitter
from skalds.system_controller.monitor.dispatch_policy import STRATEGY_KEY, DispatchPolicy, parse_strategy
from skalds.system_controller.monitor.snapshot_reader import SnapshotReader
from skalds.system_controller.surroundings import Surroundings

_ANNOUNCE_AGAIN_S = 0.5
_LONGEST_PASS_S = 0.1


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did: its beginning (wall ms), duration, tasks given away, and lanes left waiting by reason."""

    at: int
    duration_ms: float
    assigned: int
    waiting: Mapping[str, int]

    def describe(self) -> dict[str, Any]:
        """For status and metrics."""
        return {
            "at": self.at,
            "durationMs": round(self.duration_ms, 3),
            "assigned": self.assigned,
            "waitingLanes": dict(self.waiting),
        }


class Dispatcher:
    """Assigns waiting tasks to nodes while this controller holds the duty "dispatcher"."""

    def __init__(self, leadership: Leadership, cluster: Cluster, policy: DispatchPolicy, around: Surroundings) -> None:
        self._leadership = leadership
        self._cluster = cluster
        self._engine = around.engine
        self._configured = self._policy = policy
        self._clock = around.clock
        self._rng = around.rng
        self._reader = SnapshotReader(around.engine.queue, cluster, around.clock)
        self._committer = ClaimCommitter(cluster.live_runs, around)
        self._announcer = Announcer(around.engine.bus, around.clock)
        self._turns: dict[str, int] = {}
        self._reasons: Counter[str] = Counter()
        self._assigned_total = 0
        self._last_pass: PassReport | None = None
        self._loop: Periodic | None = None
        self._alarm = Alarm(self.wake, around.clock)

    async def start(self) -> None:
        """Reads what was set at run time and begins with a pass."""
        self._policy = self._configured.overlaid(await self._engine.settings.read())
        self._loop = Periodic(self._run_once, self._policy.interval, self._clock, name="dispatch")
        await self._loop.start()

    async def stop(self) -> None:
        """Lets the current pass end; what it committed stays."""
        if self._loop is not None:
            await self._loop.stop()
            self._loop = None
        self._alarm.set(None)

    def wake(self) -> None:
        """Asks for a pass as soon as possible."""
        if self._loop is not None:
            self._loop.wake()

    async def set_strategy(self, strategy: DispatcherStrategyEnum | str | None) -> None:
        """Switches the strategy from the next pass on, across restarts; None goes back to the configured one.

        Raises `ValidationFailed` for an unknown name.
        """
        chosen = None if strategy is None else parse_strategy(strategy)
        await self._engine.settings.write({STRATEGY_KEY: chosen and chosen.value})
        before = self._policy
        self._policy = self._configured.overlaid(await self._engine.settings.read())
        reason = self._policy.strategy_source
        log_event("INFO", "strategy.changed", before=before.strategy, now=self._policy.strategy, reason=reason)
        self.wake()

    def get_status(self) -> dict[str, Any]:
        """Six keys as in Skalds 0.3.8 (`interval` in seconds), and ours."""
        leader = self._leadership.leader
        return {
            "running": self._loop is not None,
            "interval": round(self._policy.interval.total_seconds()),
            "strategy": self._policy.strategy.value,
            "thread_alive": self._loop is not None,
            "available_skalds": sum(
                known.is_online and known.registration.node.mode == DISPATCHED_MODE
                for known in self._cluster.fleet.all()
            ),
            "total_skald_tasks": len(self._cluster.live_runs),
            "strategySource": self._policy.strategy_source,
            "strategies": DispatcherStrategyEnum.list(),
            "leading": self._leadership.lease is not None,
            "leader": (leader.holder or None) if leader else None,
            "term": leader.term if leader else 0,
            "assignedTotal": self._assigned_total,
            "lastPass": self._last_pass and self._last_pass.describe(),
        }

    async def _run_once(self) -> None:
        try:
            await self._dispatch_tasks()
        except LeaseLost as error:
            # Another controller leads: what this pass planned was not committed, and is not ours to plan again.
            log_event("WARNING", "dispatch.lease_lost", term=error.term)

    async def _dispatch_tasks(self) -> int:
        """One pass: rounds until nothing more can be placed; returns how many tasks were given away."""
        lease = self._leadership.lease
        if lease is None:
            return 0
        at, began = self._clock.wall_ms(), self._clock.monotonic()
        await self._announcer.run_once()
        next_due = await self._engine.queue.ripen(at)
        assigned, going_on = 0, True
        wider: Counter[int] = Counter()
        while going_on:
            snapshot, lanes = await self._reader.take(self._turns, wider)
            plan = self._calculate_assignments(snapshot)
            given = await self._assign_task_to_skald(plan, lease)
            await self._note_reasons(plan, lanes)
            assigned += given
            if plan.horizon is not None:
                wider[plan.horizon] += 1
            going_on = not plan.complete and given > 0
            if going_on and self._clock.monotonic() - began > _LONGEST_PASS_S:
                # What became due meanwhile, announcements to repeat and a stop have their turn before it goes on.
                self.wake()
                going_on = False
            await asyncio.sleep(0)  # between rounds the loop belongs to the others
        self._set_alarm(next_due, at)
        duration_ms = (self._clock.monotonic() - began) * 1000
        self._finish_pass(PassReport(at, duration_ms, assigned, dict(self._reasons)))
        return assigned

    def _calculate_assignments(self, snapshot: ClusterSnapshot) -> DispatchPlan:
        """What the planner would do with `snapshot`; moves the rotation on."""
        plan = plan_dispatch(snapshot, STRATEGIES[self._policy.strategy](), self._rng)
        known = {node.id for node in snapshot.nodes}
        self._turns = {node: turn for node, turn in (self._turns | dict(plan.turns)).items() if node in known}
        return plan

    async def _assign_task_to_skald(self, plan: DispatchPlan, lease: LeaseRow) -> int:
        """Commits and announces the assignments of a plan; returns how many tasks were still there to be given away."""
        failpoint("claim.before_commit", lambda: bool(plan.assignments))
        claims = await self._committer.commit(plan.assignments, lease)
        failpoint("claim.committed", lambda: bool(claims))
        await self._announcer.announce(claims)
        failpoint("claim.announced", lambda: bool(claims))
        given = sum(len(claim.assigns) for claim in claims)
        self._assigned_total += given
        return given

    async def _note_reasons(self, plan: DispatchPlan, lanes: Sequence[Lane]) -> None:
        """Stores the reason of each lane whose reason changed."""
        reasons = {lane: rejection.reason for lane, rejection in plan.rejections.items()}
        noted = {lane.id: lane.reason for lane in lanes}
        looked_at = noted.keys() if plan.complete else noted.keys() & reasons.keys()
        changed = {lane: reasons.get(lane) for lane in looked_at if reasons.get(lane) != noted[lane]}
        if changed:
            await self._engine.queue.note_reasons(changed)
        self._reasons = Counter(reason.value for reason in reasons.values())

    def _set_alarm(self, next_due: int | None, now: int) -> None:
        due = [(next_due - now) / 1000] if next_due is not None else []
        again = [_ANNOUNCE_AGAIN_S] if self._announcer.is_behind else []
        self._alarm.set(min(due + again, default=None))

    def _finish_pass(self, report: PassReport) -> None:
        self._last_pass = report
        if report.assigned:
            log_event("DEBUG", "dispatch.pass", assigned=report.assigned, ms=round(report.duration_ms, 1))
