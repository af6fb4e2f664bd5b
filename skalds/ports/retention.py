"""Forgetting what is over."""

from typing import NamedTuple, Protocol

from skalds.model.lease import LeaseRow


class Forgotten(NamedTuple):
    """How much was forgotten of what tasks leave behind."""

    lanes: int
    nodes: int


class Retention(Protocol):
    """Deletes what nobody will ask for any more; each call is one short transaction.

    Commits only while the stored lease still has this holder and term, else raises `LeaseLost` and changes nothing.
    Need not survive a power cut: what comes back is forgotten again.
    """

    async def forget_ended(self, before: int, keyed_before: int, limit: int, lease: LeaseRow) -> int:
        """Deletes tasks that are final and hold no slot, oldest first, at most `limit`; returns how many.

        Those with an idempotency key if submitted and last written before `keyed_before` (wall ms), the others before
        `before`. All of a task goes at once: report, key and its part of the counts. Costs by what is deleted.
        """
        ...

    async def forget_leftovers(self, before: int, lease: LeaseRow) -> Forgotten:
        """Deletes lanes in which nothing waits or runs, and old registrations that are closed without runs.

        Old are those from before `before` (wall ms). A lane's number is never given to another lane.
        """
        ...
