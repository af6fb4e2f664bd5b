"""Moves running tasks off nodes that an operator drains."""

from collections.abc import Sequence

from skalds.errors import LeaseLost
from skalds.model.event import TaskEvent, Topic
from skalds.model.lease import LeaseRow
from skalds.model.run_change import Change
from skalds.model.task import Task
from skalds.planning import lifecycle
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.event_bus import BusMessage
from skalds.runtime.log_setup import log_event
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.policy_book import PolicyBook

DRAINED = "<drain>"
"""What a run that has to leave a drained node leaves for."""


class NodeDrain:
    """The duty "monitor": asks every run on a draining node to leave; the node hands it back uncounted."""

    def __init__(
        self, leadership: Leadership, cluster: Cluster, policies: PolicyBook, engine: Engine, clock: Clock
    ) -> None:
        self._leadership = leadership
        self._cluster = cluster
        self._policies = policies
        self._engine = engine
        self._clock = clock

    async def run_once(self) -> None:
        """One round, if this controller holds the duty."""
        draining = [node_id for node_id, policy in self._policies.current.nodes.items() if policy.draining]
        try:
            await self._drain_all(draining)
        except LeaseLost as error:
            log_event("WARNING", "drain.lease_lost", term=error.term)

    async def _drain_all(self, node_ids: Sequence[str]) -> None:
        for node_id in node_ids:
            known, lease = self._cluster.fleet.get(node_id), self._leadership.lease
            if known is not None and lease is not None:
                await self._drain(node_id, known.registration.session, lease)

    async def _drain(self, node_id: str, session: int, lease: LeaseRow) -> None:
        if not self._cluster.live_runs.load_of(node_id, session).tasks:
            return
        now = self._clock.wall_ms()
        changes = [
            Change(task, asked)
            for task in await self._engine.ledger.runs_of(node_id, session)
            if isinstance(asked := lifecycle.ask_to_leave(task, now, leave_for=DRAINED), Task) and asked is not task
        ]
        if not changes:
            return
        written = await self._engine.ledger.write(changes, durable=False, lease=lease)
        asked_tasks = [change.after for change, done in zip(changes, written, strict=True) if done]
        for task in asked_tasks:
            log_event("INFO", "task.drained", task=task.id, node=node_id, attempt=task.attempt)
        await self._engine.bus.announce([leave_message(node_id, asked_tasks, now)] if asked_tasks else [])


def leave_message(node_id: str, tasks: Sequence[Task], now: int) -> BusMessage:
    """Tells a node that some of its runs have to leave; nodes read their rows again on any message."""
    event = TaskEvent(
        id=f"{tasks[0].id}.{tasks[0].attempt}.leave",
        title="leave",
        initiator="dispatcher",
        recipient=node_id,
        create_date_time=now,
        update_date_time=now,
        task_ids=[task.id for task in tasks],
    )
    return BusMessage(Topic.ASSIGN, event)
