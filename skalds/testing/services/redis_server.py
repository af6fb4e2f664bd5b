"""Redis, one server; nothing of it is kept on disk, as nothing Skalds has there needs to last."""

from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.ports import free_port
from skalds.testing.services.server import Endpoint, Server
from skalds.testing.services.unavailable import NotOurs

_PATIENCE_SECONDS = 2.0


class RedisServer(Server):
    """One Redis server; started again, it is empty."""

    @property
    def uri(self) -> str:
        return self.endpoint.given_uri or f"redis://{self.bootstrap}/0"

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except RedisError:
            return False

    def flush(self) -> None:
        """Empties every database of a server of our own."""
        if self.endpoint.given_uri:
            raise NotOurs(f"{self.bootstrap} is not ours to empty")
        with self.client() as client:
            client.flushall()

    def restart_empty(self) -> None:
        """Kills the server and starts it again, without what it had."""
        self.kill()
        self.start()

    def client(self) -> Redis:
        """A plain client of this very server."""
        return Redis.from_url(self.uri, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS)


def start_redis(program: Path, place: Place, *options: str) -> RedisServer:
    """Starts a new, empty server."""
    port = free_port()
    command: list[str | Path] = [
        program,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        *options,
    ]
    server = RedisServer(Endpoint("127.0.0.1", port, LocalProcess.prepare(place, command)))
    server.start()
    return server
