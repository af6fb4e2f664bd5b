"""Takes tasks back from nodes that are gone and from assignments nobody accepted."""

from collections.abc import Sequence

from skalds.config.timings import Timings
from skalds.errors import LeaseLost
from skalds.model.lease import LeaseRow
from skalds.model.node import Liveness
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.planning.recovery import SessionState, plan_recovery
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.runtime.failpoint import failpoint
from skalds.runtime.log_setup import log_event
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.leadership import Leadership


class TaskRecovery:
    """The duty "monitor": sees that no run stays with a node that will not finish it."""

    def __init__(
        self, leadership: Leadership, cluster: Cluster, engine: Engine, clock: Clock, timings: Timings
    ) -> None:
        self._leadership = leadership
        self._fleet = cluster.fleet
        self._live_runs = cluster.live_runs
        self._engine = engine
        self._clock = clock
        self._accept = timings.accept.total_seconds()
        self._lost = timings.lost.total_seconds()
        self._held_since: float | None = None
        self._recent: list[float] = []  # when silent sessions were taken back

    async def run_once(self) -> None:
        """One round, if this controller holds the duty."""
        lease = self._leadership.lease
        if lease is None:
            self._held_since = None
            return
        try:
            for state in self._sessions_to_take_back():
                await self._take_back_session(state, lease)
            await self._take_back_unaccepted(lease)
        except LeaseLost as error:
            log_event("WARNING", "recovery.lease_lost", term=error.term)

    def _sessions_to_take_back(self) -> Sequence[SessionState]:
        now = self._clock.monotonic()
        states = self._session_states()
        held_for = 0.0 if self._held_since is None else now - self._held_since
        self._recent = [moment for moment in self._recent if now - moment < self._lost]
        plan = plan_recovery(states, len(self._fleet.all()), held_for, len(self._recent))
        self._recent += [now for state in plan.take_back if not state.certain]
        if plan.held and self._held_since is None:
            self._held_since = now
            log_event("ERROR", "node.mass_loss", silent=plan.held, known=len(self._fleet.all()))
        elif not plan.held:
            self._held_since = None
        return plan.take_back

    def _session_states(self) -> Sequence[SessionState]:
        """The sessions that hold runs without being current, and the registered ones that are lost."""
        current = {(known.registration.node.id, known.registration.session): known for known in self._fleet.all()}
        states = [
            SessionState(node_id, session, certain=True)
            for node_id, session in self._live_runs.sessions()
            if (node_id, session) not in current and self._is_outdated(node_id, session)
        ]
        for (node_id, session), known in current.items():
            holds_runs = self._live_runs.load_of(node_id, session).tasks > 0
            lost = known.liveness is Liveness.LOST
            if (lost and not known.registration.closed) or (known.registration.closed and holds_runs):
                left = known.registration.closed
                states.append(SessionState(node_id, session, certain=known.exited or left, silent=lost, left=left))
        return states

    def _is_outdated(self, node_id: str, session: int) -> bool:
        """Whether this session is older than the known one of its node; a newer one may just have joined."""
        known = self._fleet.get(node_id)
        return known is not None and session < known.registration.session

    async def _take_back_session(self, state: SessionState, lease: LeaseRow) -> None:
        # The registration is closed first: from then on the node's own late writes find a session that has ended.
        await self._engine.directory.leave(state.node_id, state.session, lease)
        tasks = await self._engine.ledger.runs_of(state.node_id, state.session)
        now = self._clock.wall_ms()
        await self._write([Change(task, _taken_back(task, state, now)) for task in tasks], lease, "node lost")

    async def _take_back_unaccepted(self, lease: LeaseRow) -> None:
        overdue = self._live_runs.assigning_for(self._accept, self._clock.monotonic())
        if not overdue:
            return
        now = self._clock.wall_ms()
        # As of now: while the rows are read, the picture may go on to an attempt that has all its time yet.
        attempts = {task_id: self._live_runs.attempt_of(task_id) for task_id in overdue}
        tasks = await self._engine.catalog.get_many(overdue)
        changes = [
            Change(task, lifecycle.refuse(task, now))
            for task in tasks
            if lifecycle.stage_of(task) is lifecycle.Stage.ASSIGNING and task.attempt == attempts[task.id]
        ]
        await self._write(changes, lease, "not accepted in time")

    async def _write(self, changes: Sequence[Change], lease: LeaseRow, reason: str) -> None:
        if not changes:
            return
        failpoint("take_back.before_commit")
        written = await self._engine.ledger.write(changes, durable=True, lease=lease)
        failpoint("take_back.committed")
        for change, done in zip(changes, written, strict=True):
            if done:
                self._log(change.before, change.after, reason)
        self._engine.wakeup.notify()

    def _log(self, before: Task, after: Task, reason: str) -> None:
        log_event(
            "WARNING",
            _name_of(before, after),
            task=before.id,
            node=before.executor,
            attempt=before.attempt,
            status=after.lifecycle_status,
            reason=reason,
        )


def _taken_back(task: Task, state: SessionState, now: int) -> Task:
    """What a node that left in good order had not accepted was never a run."""
    never_accepted = lifecycle.stage_of(task) is lifecycle.Stage.ASSIGNING
    return lifecycle.refuse(task, now) if state.left and never_accepted else lifecycle.lose(task, now)


def _name_of(before: Task, after: Task) -> str:
    if after.final:
        return "task.released"
    return "task.refused" if after.refusals > before.refusals else "task.requeued"
