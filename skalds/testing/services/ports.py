"""Ports for servers that must come back on the port they had."""

import random
import socket
from contextlib import closing

_LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes the ports of outgoing connections: one of those could sit on the port of a
# server that is down for a while.
_LOWEST, _HIGHEST = 20_000, 32_000
_TRIES = 200


def free_port() -> int:
    """A port of the loopback interface on which nobody listens."""
    chance = random.SystemRandom()
    for _ in range(_TRIES):
        port = chance.randrange(_LOWEST, _HIGHEST)
        if _is_free(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {_HIGHEST}")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as attempt:
        try:
            attempt.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
