"""What groups of servers have in common."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from skalds.testing.services.server import Endpoint, Server

M = TypeVar("M", bound=Server)

_READY_SECONDS = 90.0


class Group(Generic[M]):
    """Servers that belong together and can be broken one by one."""

    def __init__(self, members: Sequence[M]) -> None:
        self.members = tuple(members)
        self.host, self.port = self.members[0].host, self.members[0].port

    @property
    def bootstrap(self) -> str:
        return ",".join(member.bootstrap for member in self.members)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(member.endpoint for member in self.members)

    @property
    def is_running(self) -> bool:
        return all(member.is_running for member in self.members)

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once every member serves."""
        for member in self.members:
            member.wait_ready(seconds)

    def mend(self) -> None:
        """Undoes what a test has done to the members; all are started before any is waited for."""
        for member in self.members:
            member.resume()
            member.endpoint.carrier.start()
        self.wait_ready()

    def discard(self) -> None:
        """Kills the members and removes their data."""
        for member in self.members:
            member.discard()
