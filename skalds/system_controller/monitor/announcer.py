"""Announces committed assignments, and repeats what did not get through."""

from collections.abc import Sequence

from skalds.model.event import TaskEvent, Topic
from skalds.ports.clock import Clock
from skalds.ports.dispatch_queue import Claim
from skalds.ports.event_bus import BusMessage, EventBus
from skalds.runtime.log_setup import log_event


class Announcer:
    """Sends one `task.assign` per node. A message that certainly failed is sent again until its `accept_by`.

    By then the assignment is taken back anyway; nodes also re-read the store, so this only saves latency.
    """

    def __init__(self, bus: EventBus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._unsent: list[tuple[BusMessage, float]] = []

    async def announce(self, claims: Sequence[Claim]) -> None:
        """Announces the claims, each to its node."""
        now = self._clock.monotonic()
        wall = self._clock.wall_ms()
        messages = [_message(claim, wall) for claim in claims if claim.assigns]
        patience = {claim.id: now + (claim.accept_by - claim.assigned_at) / 1000 for claim in claims}
        failed = await self._bus.announce(messages)
        for message in failed:
            about = {"task": message.event.task_ids[0], "tasks": len(message.event.task_ids)}
            log_event("WARNING", "announce.failed", node=message.event.recipient, **about, reason="not delivered")
            self._unsent.append((message, patience[message.event.id or ""]))

    @property
    def is_behind(self) -> bool:
        """Whether something waits to be sent again."""
        return bool(self._unsent)

    async def run_once(self) -> None:
        """Repeats what failed and is still worth it."""
        now = self._clock.monotonic()
        waiting, self._unsent = [entry for entry in self._unsent if now < entry[1]], []
        if not waiting:
            return
        failed = await self._bus.announce([message for message, _ in waiting])
        level = "INFO" if len(failed) < len(waiting) else "DEBUG"
        log_event(level, "announce.retried", sent=len(waiting) - len(failed), failed=len(failed))
        self._unsent += [entry for entry in waiting if entry[0] in failed]


def _message(claim: Claim, now: int) -> BusMessage:
    event = TaskEvent(
        id=claim.id,
        title="assign",
        initiator="dispatcher",
        recipient=claim.node_id,
        create_date_time=now,
        update_date_time=now,
        task_ids=[assign.task_id for assign in claim.assigns],
    )
    return BusMessage(Topic.ASSIGN, event)
