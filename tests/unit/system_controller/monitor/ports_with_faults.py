"""Ports of the memory engine that fail when told to and remember what they were asked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from skalds.adapters.memory.dispatch_queue import MemoryDispatchQueue
from skalds.adapters.memory.event_bus import MemoryEventBus
from skalds.adapters.memory.lane_board import MemoryLaneBoard
from skalds.errors import OutcomeUnknown, StoreUnavailable
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.snapshot import QueuedTask
from skalds.ports.dispatch_queue import Claim
from skalds.ports.event_bus import BusMessage
from tests.unit.system_controller.world import World


async def nothing() -> None:
    """Does nothing."""


class QueueWithFaults(MemoryDispatchQueue):
    """Something may happen before a reading or a commit; its answer may be lost, whether it came about or not."""

    def __init__(self, world: World) -> None:
        super().__init__(world.store)
        self.before_heads: Callable[[], Awaitable[object]] = nothing
        self.before_claim: Callable[[], Awaitable[object]] = nothing
        self.answer_is_lost = False
        self.claim_is_lost = False
        self.reading_back_fails = False
        self.claims: list[Claim] = []
        self.heads_read: list[Mapping[int, int]] = []
        self.read_back: list[str] = []

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        self.heads_read.append(dict(limits))
        await self.before_heads()
        return await super().heads(limits)

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        self.claims += claims
        await self.before_claim()
        if self.claim_is_lost:
            raise OutcomeUnknown
        given = await super().claim(claims, lease)
        if self.answer_is_lost:
            raise OutcomeUnknown
        return given

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        if self.reading_back_fails:
            raise StoreUnavailable
        self.read_back += claim_ids
        return await super().claimed(claim_ids)


class NotingLanes(MemoryLaneBoard):
    """Keeps what reasons it was told."""

    def __init__(self, world: World) -> None:
        super().__init__(world.store)
        self.noted: list[Mapping[int, WaitReason | None]] = []

    async def note_reasons(self, reasons: Mapping[int, WaitReason | None]) -> None:
        self.noted.append(dict(reasons))
        await super().note_reasons(reasons)


class BusWithFaults(MemoryEventBus):
    """Keeps what was sent; while it is down, nothing is."""

    def __init__(self, world: World) -> None:
        super().__init__(world.store)
        self.down = False
        self.sent: list[BusMessage] = []

    async def announce(self, messages: Sequence[BusMessage]) -> Sequence[BusMessage]:
        if self.down:
            return list(messages)
        self.sent += messages
        await super().announce(messages)
        return []

    @property
    def told(self) -> dict[str | None, list[str]]:
        """The tasks announced to each node."""
        told: dict[str | None, list[str]] = {}
        for message in self.sent:
            told.setdefault(message.event.recipient, []).extend(message.event.task_ids)
        return told
