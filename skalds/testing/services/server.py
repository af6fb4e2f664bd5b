"""What all servers have in common."""

import socket
from abc import ABC, abstractmethod
from dataclasses import dataclass

from skalds.testing.services.carrier import Carrier
from skalds.testing.services.unavailable import Unavailable
from skalds.testing.waiting import wait_for

_READY_SECONDS = 90.0
_CONNECT_SECONDS = 1.0


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens and what it runs in."""

    host: str
    port: int
    carrier: Carrier
    given_uri: str = ""
    """The address as the environment has it, with all it says beside host and port."""
    inner_port: int = 0
    """Where a proxy between the server and its clients forwards to, if that is not `port`."""
    proxy_port: int = 0
    """Where such a proxy listens, if the server tells its clients where to go on."""
    stands_in_because: str = ""
    """Why this is an imitation and not the server itself; empty if it is the server itself."""


class Server(ABC):
    """One server that can be asked, stopped and started again with the data it had, on the port it had."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.host = endpoint.host
        self.port = endpoint.port

    @property
    def bootstrap(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    @abstractmethod
    def uri(self) -> str:
        """The address as its client library wants it."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return (self.endpoint,)

    @property
    def pids(self) -> tuple[int, ...]:
        return self.endpoint.carrier.pids

    @property
    def is_running(self) -> bool:
        return self.endpoint.carrier.is_running()

    @abstractmethod
    def answers(self) -> bool:
        """Asks the server whether it would serve now."""

    def wait_ready(self, seconds: float = _READY_SECONDS) -> None:
        """Returns once the server serves; one that ends meanwhile is `Unavailable`, with the end of its log."""
        try:
            wait_for(lambda: not self.is_running or (self._is_listening() and self.answers()), seconds)
        except TimeoutError as error:
            raise Unavailable(self._complaint(f"which does not serve within {seconds:g} s")) from error
        if not self.is_running:
            raise Unavailable(self._complaint("which ended while it was starting"))

    def start(self) -> None:
        """Starts the server again, where it was; returns once it serves."""
        self.endpoint.carrier.start()
        self.wait_ready()

    def stop(self) -> None:
        """Has the server end in its own way."""
        self.endpoint.carrier.stop()

    def kill(self) -> None:
        """Ends the server with SIGKILL."""
        self.endpoint.carrier.kill()

    def pause(self) -> None:
        """Freezes the server: connections stay open, nothing is answered."""
        self.endpoint.carrier.pause()

    def resume(self) -> None:
        """Lets a paused server go on."""
        self.endpoint.carrier.resume()

    def mend(self) -> None:
        """Undoes what a test has done to it: a paused server goes on, an ended one is started."""
        self.resume()
        self.start()

    def discard(self) -> None:
        """Kills the server and removes its data."""
        self.endpoint.carrier.discard()

    def _is_listening(self) -> bool:
        # Client libraries complain aloud about a server that is not there yet.
        try:
            socket.create_connection((self.host, self.port), _CONNECT_SECONDS).close()
        except OSError:
            return False
        return True

    def _complaint(self, trouble: str) -> str:
        return "\n".join(filter(None, [f"{self.bootstrap}, {trouble}", self.endpoint.carrier.log()]))
