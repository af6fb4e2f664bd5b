"""What can be had, and from where."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from skalds.testing.services.place import Place
from skalds.testing.services.server import Endpoint
from skalds.testing.services.unavailable import Unavailable


class Service(Protocol):
    """A server, or several that belong together."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]: ...

    @property
    def is_running(self) -> bool: ...

    def wait_ready(self, seconds: float = ...) -> None:
        """Returns once it serves; `Unavailable` if it ends before, or does not serve in time."""

    def mend(self) -> None:
        """Undoes what a test has done to it."""

    def discard(self) -> None:
        """Ends it and removes its data."""


S = TypeVar("S", bound=Service)

_NAMED_SECONDS = 5.0


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of service with its sources, in the order in which they are tried."""

    name: str
    build: Callable[[Sequence[Endpoint]], S]
    """Makes the same object again, in another process."""
    from_environment: Callable[[], S | None]
    start: tuple[Callable[[Place], S], ...]
    """Ways to start a new one; each raises `Unavailable` where it is not to be had."""
    stand_in: Callable[[Place, str], S] | None = None
    """Starts an imitation, with the reason, for those who only use it."""

    def find(self, place: Place) -> S:
        """The service that the environment names, or else a new one, or else an imitation of one."""
        if (named := self.from_environment()) is not None:
            # Whoever names a server wants that one; another in its place would hide that it is down.
            return self._checked(named)
        try:
            return self.start_new(place)
        except Unavailable as error:
            if self.stand_in is None:
                raise
            return self.stand_in(place, str(error))

    def start_new(self, place: Place) -> S:
        """A service of the caller's own."""
        reasons = []
        for start in self.start:
            try:
                return start(place)
            except (Unavailable, TimeoutError) as error:
                reasons.append(str(error))
        raise Unavailable(f"{self.name}: {'; '.join(reasons)}")

    def _checked(self, named: S) -> S:
        try:
            named.wait_ready(_NAMED_SECONDS)
        except Unavailable as error:
            raise Unavailable(f"{self.name}: the environment names {error}; unset it, or see to that server") from error
        return named
