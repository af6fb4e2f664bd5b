"""Who is there: registrations in the store, beats beside it."""

from collections.abc import Sequence
from typing import Protocol

from skalds.model.lease import LeaseRow
from skalds.model.node import Beat, Node, Presence, Registration


class NodeDirectory(Protocol):
    """Nodes register, beat and leave; controllers observe. Beats are hints and may be lost."""

    async def register(self, node: Node, now: int) -> int:
        """Stores the node and returns its session, greater than any issued before; an open session of the id is closed.

        From now on until the process ends (or `leave`), the engine can tell that the process is alive, where it can.
        """
        ...

    async def leave(self, node_id: str, session: int, lease: LeaseRow | None = None) -> bool:
        """Closes the session if it is still the current one of this node; says whether it was open.

        In one transaction, and with `lease` only while that term stands (else `LeaseLost`, nothing changed).
        """
        ...

    async def begin_leaving(self, node_id: str, session: int) -> None:
        """From now on no claim for this session commits; what runs under it goes on."""
        ...

    async def registrations(self) -> Sequence[Registration]:
        """The latest registration of every node that is open, or closed with runs still on it, by node id."""
        ...

    async def beat(self, beat: Beat) -> None:
        """Sends a sign of life; never raises and never blocks on a slow observer."""
        ...

    async def presences(self) -> Sequence[Presence]:
        """The latest beat this observer received of each session, and whose processes are certainly gone.

        Sessions that never beat appear with `count` 0 if they are known to have exited. Observing starts with the
        first call: beats sent before may be missing.
        """
        ...

    async def registration_of(self, node_id: str) -> Registration | None:
        """The latest registration of this node, open or closed; None if it never registered."""
        ...
