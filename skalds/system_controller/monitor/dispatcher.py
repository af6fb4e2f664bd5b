"""`Dispatcher`: gives every waiting task to a node, one pass at a time.

    snapshot ──► plan (planning.dispatch) ──► commit (refuses what changed) ──► announce

A pass starts when something changed, and at the latest after the interval. The class decides nothing itself.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skalds.errors import LeaseLost
from skalds.model.audit import AuditEntry
from skalds.model.lease import LeaseRow
from skalds.model.plan import DispatchPlan
from skalds.model.run_change import RunChange
from skalds.model.snapshot import ClusterSnapshot
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.filters import DISPATCHED_MODE
from skalds.planning.strategies.strategy import Strategy
from skalds.runtime.alarm import Alarm
from skalds.runtime.failpoint import failpoint
from skalds.runtime.log_setup import log_event
from skalds.runtime.periodic import Periodic
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.monitor import ready_lanes
from skalds.system_controller.monitor.announcer import Announcer
from skalds.system_controller.monitor.claim_committer import ClaimCommitter, Outcome
from skalds.system_controller.monitor.dispatch_control import DispatchControl
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.monitor.pass_stats import PassReport, PassStats, PassUnderWay, counts_of
from skalds.system_controller.monitor.preemptor import Preemptor
from skalds.system_controller.monitor.ready_lanes import ReadyLanes
from skalds.system_controller.monitor.snapshot_reader import SnapshotReader
from skalds.system_controller.monitor.strategy_catalog import load_strategies
from skalds.system_controller.surroundings import Surroundings

_ANNOUNCE_AGAIN_S = 0.5
_LONGEST_PASS_S = 0.5


@dataclass(frozen=True, slots=True)
class Sight:
    """What the dispatcher looks at: the picture of the cluster, and the keys of lanes.

    `catch_up` brings the picture to the present end of the change feed, and to the policies in force.
    """

    picture: ClusterPicture
    keys: LaneKeys
    catch_up: Callable[[], Awaitable[object]]


class Dispatcher:
    """Assigns waiting tasks to nodes while this controller holds the duty "dispatcher"."""

    def __init__(
        self,
        leadership: Leadership,
        sight: Sight,
        policy: DispatchPolicy,
        around: Surroundings,
        strategies: Mapping[str, Callable[[], Strategy]] | None = None,
    ) -> None:
        self._leadership = leadership
        self._sight = sight
        self._cluster = sight.picture.cluster
        self._engine = around.engine
        self.control = DispatchControl(policy, around.engine.settings, strategies or load_strategies())
        self._clock = around.clock
        self._rng = around.rng
        self._lanes = ReadyLanes(around.engine.queue, sight.keys)
        self._reader = SnapshotReader(self._lanes, sight.picture, around.clock)
        self._committer = ClaimCommitter(self._cluster.live_runs, around)
        self._preemptor = Preemptor(self._cluster.live_runs, around)
        self._announcer = Announcer(around.engine.bus, around.clock)
        self._turns: dict[str, int] = {}
        self._term: int | None = None
        self._read_all_at = 0.0
        self.passing = asyncio.Lock()
        """Held during a pass; whoever gets it has waited out the one in flight, which may not know of a change yet."""
        self.stats = PassStats()
        self._loop: Periodic | None = None
        self._alarm = Alarm(self.wake, around.clock)

    # Life and control -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Reads what was set at run time and begins with a pass."""
        await self.control.refresh()
        self._loop = Periodic(self._run_once, self.control.policy.interval, self._clock, name="dispatch")
        await self._loop.start()

    async def stop(self) -> None:
        """Lets the current pass end; what it committed stays."""
        if self._loop is not None:
            await self._loop.stop()
            self._loop = None
        self._alarm.set(None)

    @property
    def is_at_rest(self) -> bool:
        """Whether no pass is under way or asked for."""
        return not self.passing.locked() and not (self._loop is not None and self._loop.is_woken)

    def wake(self) -> None:
        """Asks for a pass as soon as possible."""
        if self._loop is not None:
            self._loop.wake()

    def follow(self, changes: Sequence[RunChange]) -> None:
        """Takes in what the feed tells; nothing means "read everything again". Wakes for what makes a difference."""
        if not changes:
            self._lanes.mark_all()
            self.wake()
            return
        ready = {change.lane for change in changes if change.ready}
        self._lanes.mark(ready)
        if ready or any(not change.holds_slot for change in changes):
            self.wake()

    async def set_strategy(self, strategy: str | None) -> None:
        """Switches the strategy from the next pass on, across restarts; None goes back to the configured one.

        Raises `ValidationFailed` for an unknown name.
        """
        await self.change({"strategy": strategy})

    async def change(self, changes: Mapping[str, Any], audited: AuditEntry | None = None) -> None:
        """Sets any of strategy, interval (s) and paused, across restarts; None goes back to what is configured.

        All or nothing; raises `ValidationFailed` naming the wrong fields.
        """
        if await self.control.change(changes, audited):
            self._obey()
            self._engine.wakeup.notify()

    async def refresh_policy(self) -> None:
        """Takes in what was set at run time through another controller."""
        if await self.control.refresh():
            self._obey()

    def _obey(self) -> None:
        if self._loop is not None:
            self._loop.set_interval(self.control.policy.interval)

    def get_status(self) -> dict[str, Any]:
        """Six keys as in Skalds 0.3.8 (`interval` in seconds), and ours."""
        leader, policy = self._leadership.leader, self.control.policy
        return {
            "running": self._loop is not None,
            **policy.describe(),
            "thread_alive": self._loop is not None,
            "available_skalds": sum(
                known.is_online and known.registration.node.mode == DISPATCHED_MODE
                for known in self._cluster.fleet.all()
            ),
            "total_skald_tasks": len(self._cluster.live_runs),
            "strategies": self.control.names,
            "leading": self._leadership.lease is not None,
            "leader": (leader.holder or None) if leader else None,
            "term": leader.term if leader else 0,
            **self.stats.describe(self._clock.monotonic()),
        }

    # A pass ---------------------------------------------------------------------------------------------------------

    async def run_now(self) -> PassReport | None:
        """One pass, now; None if this controller does not lead or dispatching is paused."""
        lease = self._leadership.lease
        if lease is None or self.control.policy.paused:
            return None
        self._lanes.mark_all()
        before = self.stats.last
        await self._run_once()
        last = self.stats.last
        return None if last is before else last

    async def snapshot(self) -> ClusterSnapshot:
        """The cluster as the next pass would see it."""
        async with self.passing:
            await self._sight.catch_up()
            if self._leadership.lease is None:
                self._lanes.mark_all()  # what another leader gives away leaves the lanes unseen
            return await self._reader.take(self._turns)

    async def _run_once(self) -> None:
        try:
            await self._dispatch_tasks()
        except LeaseLost as error:
            # Another controller leads: what this pass planned was not committed, and is not ours to plan again.
            log_event("WARNING", "dispatch.lease_lost", term=error.term)

    async def _dispatch_tasks(self) -> int:
        """One pass: rounds until nothing more can be placed; returns how many tasks were given away."""
        async with self.passing:
            lease = self._leadership.lease
            if lease is None:
                return 0
            try:
                return await self._make_pass(lease)
            except BaseException:
                self._term = None  # what it gave away, or found ready, is not known; the next one asks
                raise

    async def _make_pass(self, lease: LeaseRow) -> int:
        made = PassUnderWay(lease, self._clock.wall_ms(), self._clock.monotonic())
        await self._prepare(lease, made.began)
        await self._announcer.run_once()
        ripened = await self._engine.queue.ripen(made.at)
        self._lanes.mark(ripened.lanes)
        paused = self.control.policy.paused
        if not paused:
            await self._run_rounds(made)
        self._set_alarm(ripened.next_due, made.at)
        now = self._clock.monotonic()
        waiting = {} if paused else counts_of(self._lanes.noted.counts)
        self._finish_pass(PassReport(made.at, (now - made.began) * 1000, made.assigned, waiting), now)
        return made.assigned

    async def _prepare(self, lease: LeaseRow, now: float) -> None:
        """A new leader, or one whose latest pass failed, first learns what was given away and what is allowed."""
        if lease.term != self._term:
            await self._sight.catch_up()
            self._term = lease.term
            self._lanes.mark_all()
        if now - self._read_all_at >= self.control.policy.interval.total_seconds():
            self._lanes.mark_all()
            self._read_all_at = now

    async def _run_rounds(self, made: PassUnderWay) -> None:
        """Plans and commits until everything is placed or waits.

            plan 1 ─► commit 1 ──► announce 1 ─► commit 2 ──► announce 2 ─► …
                      └► plan 2 ──┘              └► plan 3 ──┘

        While a round is being committed the next one is planned, as if all of the first had come about.
        """
        progress = -1
        try:
            while True:
                gone = len(made.refused)
                plan = self._calculate_assignments(await self._reader.take(self._turns))
                await self._settle(made)
                if self.control.policy.paused:
                    return  # somebody paused while a slow store was waited for
                going_on = not plan.complete and made.progress > progress and not self._is_long(made)
                progress = made.progress
                await self._assign_task_to_skald(plan, made.lease)
                self._take_out(plan)
                if going_on:
                    continue
                await self._end_round(plan, made)
                # The place of a task that was gone is free for the next; one refused again has had its round.
                if (len(made.refused) == gone) if plan.complete else (made.progress == progress):
                    return
                if self._is_long(made):
                    # What became due meanwhile, announcements to repeat and a stop have their turn before it goes on.
                    self.wake()
                    return
        finally:
            await self._settle(made)

    async def _end_round(self, plan: DispatchPlan, made: PassUnderWay) -> None:
        """Ends a round that none follows while it is being committed; what it left undone is noted."""
        changes = self._lanes.noted.changes(plan)
        await self._settle(made)
        await self._preemptor.preempt(plan.preemptions, made.lease)
        if changes:
            await self._engine.lanes.note_reasons(changes)
            self._lanes.noted.note(changes)

    def _calculate_assignments(self, snapshot: ClusterSnapshot) -> DispatchPlan:
        """What the planner would do with `snapshot`; moves the rotation on."""
        # A seed of its own makes each plan repeatable from its snapshot.
        rng = random.Random(self._rng.getrandbits(64))  # noqa: S311 - places tasks
        plan = plan_dispatch(snapshot, self.control.make_strategy(), rng, ready_lanes.ROUND_LIMIT)
        known = {node.id for node in snapshot.nodes}
        self._turns = {node: turn for node, turn in (self._turns | dict(plan.turns)).items() if node in known}
        return plan

    async def _assign_task_to_skald(self, plan: DispatchPlan, lease: LeaseRow) -> None:
        """Sets the commit of a plan on its way; `_settle` ends and announces it."""
        failpoint("claim.before_commit", lambda: bool(plan.assignments))
        await self._committer.begin(plan.assignments, lease)
        await asyncio.sleep(0)  # the store has it now, and between rounds the loop belongs to the others

    def _take_out(self, plan: DispatchPlan) -> None:
        """Follows a plan in lanes, shares and figures as if all of it came about."""
        self._lanes.take_out(plan.assignments)
        if plan.horizon is not None:
            self._lanes.widen(plan.horizon)
        keys, picture, now = self._sight.keys, self._sight.picture, self._clock.wall_ms()
        lanes = {lane: keys[lane] for lane in {assign.lane for assign in plan.assignments}}
        picture.note_starts([key.tenant for key in lanes.values()], now)
        aged = {lane: now - key.priority * picture.ageing_step_ms for lane, key in lanes.items()}
        self.stats.note_waits(aged[assign.lane] - assign.rank for assign in plan.assignments)

    async def _settle(self, made: PassUnderWay) -> None:
        """Ends the commit under way, if there is one, and announces it."""
        outcome = Outcome()
        try:
            outcome = await self._committer.end()
        finally:
            self._lanes.settle(outcome.refused)
        failpoint("claim.committed", lambda: bool(outcome.claims))
        if outcome.claims:
            await self._announcer.announce(outcome.claims)
        failpoint("claim.announced", lambda: bool(outcome.claims))
        made.assigned += sum(len(claim.assigns) for claim in outcome.claims)
        made.refused.update(assign.task_id for assign in outcome.refused)

    def _is_long(self, made: PassUnderWay) -> bool:
        return self._clock.monotonic() - made.began > _LONGEST_PASS_S

    def _set_alarm(self, next_due: int | None, now: int) -> None:
        due = [(next_due - now) / 1000] if next_due is not None else []
        again = [_ANNOUNCE_AGAIN_S] if self._announcer.is_behind else []
        probe = self._sight.picture.breakers.next_probe()
        self._alarm.set(min([*due, *again, *([probe] if probe is not None else [])], default=None))

    def _finish_pass(self, report: PassReport, now: float) -> None:
        self.stats.finish(report, now)
        if report.assigned:
            log_event("DEBUG", "dispatch.pass", assigned=report.assigned, ms=round(report.duration_ms, 1))
