"""Unix datagrams between the processes of one machine: hints that may be lost."""

import asyncio
import errno
import hashlib
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path

from skalds.errors import ConfigurationError

TAPS = "taps"
"""Name of the socket at which the controller is tapped; when it is full, it has been tapped already."""

BEATS = "beats"
"""Name of the controller's socket for beats: one of its own, so that beats never push out a tap."""

_HANDLES = Path("/proc/self/fd")
_LONGEST_PATH = 107
_LARGEST_MESSAGE = 212_992
_RECEIVED_AT_ONCE = 256


def node_socket(node_id: str) -> str:
    """The name of a node's socket: short and free of separators, whatever the id is."""
    return f"node-{hashlib.sha256(node_id.encode()).hexdigest()[:32]}"


class Sent(Enum):
    """What became of a datagram."""

    YES = "yes"
    NO = "no"
    TOO_LARGE = "too large"


class SocketFolder:
    """The folder of the sockets, addressed so that its own path may be of any length."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        by_handle = _HANDLES / str(self._folder)
        self._by_handle = by_handle if by_handle.exists() else None
        self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sender.setblocking(False)

    def send(self, name: str, message: bytes) -> Sent:
        """Sends without waiting and without raising; a full or absent receiver is a lost hint."""
        if self._folder < 0:
            return Sent.NO
        try:
            self._sender.sendto(message, self.address(name))
        except OSError as error:
            return Sent.TOO_LARGE if error.errno == errno.EMSGSIZE else Sent.NO
        return Sent.YES

    def address(self, name: str) -> str:
        """What the kernel is told; 107 bytes at most, hence by the open folder where the system allows it."""
        if self._by_handle is not None:
            return f"{self._by_handle}/{name}"
        address = str(self.path / name)
        if len(address.encode()) > _LONGEST_PATH:
            raise ConfigurationError("SKALDS_DATA_DIR", str(self.path), "a shorter path: socket names end at 107 bytes")
        return address

    def close(self) -> None:
        """Gives the handles back; idempotent."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1
            self._by_handle = None
        self._sender.close()


class Receiver:
    """A bound socket whose messages are handed on by the event loop, in order of arrival."""

    def __init__(self, folder: SocketFolder, name: str, receive: Callable[[bytes], None]) -> None:
        self._path = folder.path / name
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LARGEST_MESSAGE)
            # Whoever bound the name before is gone, or replaced by us.
            self._path.unlink(missing_ok=True)
            self._socket.bind(folder.address(name))
            self._inode = self._path.stat().st_ino
        except OSError:
            self._socket.close()
            raise
        self._loop.add_reader(self._socket, self._drain)

    def _drain(self) -> None:
        for _ in range(_RECEIVED_AT_ONCE):
            try:
                message = self._socket.recv(_LARGEST_MESSAGE)
            except (BlockingIOError, InterruptedError):
                return
            self._receive(message)

    def close(self) -> None:
        """Stops receiving and takes the name away, unless somebody else has it by now; idempotent."""
        if self._socket.fileno() < 0:
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
        self._socket.close()
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
