"""The dispatcher's view of the store: lanes, their heads, and the claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from skalds.model.lane import LaneKey
from skalds.model.lease import LeaseRow
from skalds.model.plan import Assign, WaitReason
from skalds.model.snapshot import QueuedTask


class Lane(NamedTuple):
    """A lane as stored, with the reason of the latest pass that could not serve it to the end."""

    id: int
    key: LaneKey
    reason: WaitReason | None


class Ripened(NamedTuple):
    """The lanes that got ready tasks, and the next `eligible_at` (ms) to come, or None."""

    lanes: frozenset[int]
    next_due: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """All assignments of one pass to one session of one node; `id` is unique and names the commit."""

    id: str
    node_id: str
    session: int
    assigned_at: int
    accept_by: int
    assigns: Sequence[Assign]


class DispatchQueue(Protocol):
    """Tasks that could run now, by lane and rank. A task is in it exactly while it waits, its moment has come and all
    it depends on is Finished."""

    async def ripen(self, now: int) -> Ripened:
        """Moves the tasks whose `eligible_at` ≤ `now` into the queue."""
        ...

    async def lanes(self) -> Sequence[Lane]:
        """The lanes that hold at least one ready task, by id. Costs by lanes, not by tasks."""
        ...

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        """For each lane id the first `limits[lane]` ready tasks, by rank then id. Lanes without any are left out."""
        ...

    async def claim(self, claims: Sequence[Claim], lease: LeaseRow) -> Sequence[Assign]:
        """Gives the tasks away in one transaction and returns those that were given; the rest changed meanwhile.

        Per task, all at once: only if ready and `attempt` as read → Assigning, `attempt`+1, `executor`, `assignment`
        (with the lease's term), `released_at` null, `rev`+1, out of the queue. Nothing is given to a session that is
        closed or leaving, and no task whose deadline has passed at `assigned_at`. Commits only while the stored lease
        still has this holder and term, else raises `LeaseLost` and changes nothing. `OutcomeUnknown`: find out with
        `claimed`. Need not survive a power cut.
        """
        ...

    async def claimed(self, claim_ids: Sequence[str]) -> Sequence[str]:
        """Ids of the tasks whose current assignment has one of these ids; settles an unknown outcome."""
        ...
