"""What a server runs in."""

from typing import Protocol

from skalds.testing.services.unavailable import NotOurs


class Carrier(Protocol):
    """A process, a container or a place out of reach; each call returns when what it asks for has come true."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of the server on this machine, where they can be told."""

    @property
    def address(self) -> str:
        """What another process needs to build the same carrier: `process:/folder`."""

    def is_running(self) -> bool:
        """Whether the server has been started and has not ended; a paused one runs."""

    def log(self) -> str:
        """The end of what the server has printed."""

    def start(self) -> None:
        """Starts the server with the data it left; one that runs stays as it is."""

    def stop(self) -> None:
        """Has the server end in its own way."""

    def kill(self) -> None:
        """Ends the server with SIGKILL."""

    def pause(self) -> None:
        """Freezes the server: connections stay open, nothing is answered."""

    def resume(self) -> None:
        """Lets a paused server go on."""

    def discard(self) -> None:
        """Kills the server and removes its data."""


class Elsewhere:
    """A server that the environment names: nothing here may stop it."""

    def __init__(self, variable: str) -> None:
        self._variable = variable

    @property
    def pids(self) -> tuple[int, ...]:
        return ()

    @property
    def address(self) -> str:
        return f"elsewhere:{self._variable}"

    def is_running(self) -> bool:
        return True

    def log(self) -> str:
        return ""

    def start(self) -> None:
        self._refuse()

    def stop(self) -> None:
        self._refuse()

    def kill(self) -> None:
        self._refuse()

    def pause(self) -> None:
        self._refuse()

    def resume(self) -> None:
        self._refuse()

    def discard(self) -> None:
        """Leaves it alone."""

    def _refuse(self) -> None:
        raise NotOurs(f"the server of {self._variable} is not ours to stop")
