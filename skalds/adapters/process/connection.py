"""The worker's end of the line to its node."""

import socket
from collections.abc import Iterator
from typing import Any

from skalds.adapters.process.wire import HEADER_BYTES, decode, encode_event, frame_length
from skalds.ports.worker_launcher import WorkerEvent


class NodeSilent(Exception):
    """The node has closed the line."""


class WorkerConnection:
    """Carries a worker's events to the node, and the task and its live updates to the worker; all calls block.

    One thread may send while another one receives.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        line.setblocking(True)
        # A program that user code starts must not keep the line open.
        line.set_inheritable(False)

    def receive_request(self) -> bytes:
        """The task to run, as JSON; the first thing a node sends."""
        return self._receive()

    def send(self, event: WorkerEvent) -> None:
        """Tells the node; raises `OSError` once the node does not listen any more."""
        self._line.sendall(encode_event(event))

    def updates(self) -> Iterator[Any]:
        """The attachments of each live update; ends when the node closes the line."""
        while True:
            try:
                yield decode(self._receive()).get("attachments")
            except (NodeSilent, OSError):
                return

    def close(self) -> None:
        """Forgets the line in this process."""
        self._line.close()

    def _receive(self) -> bytes:
        return self._read(frame_length(self._read(HEADER_BYTES)))

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            portion = self._line.recv(count - len(data))
            if not portion:
                raise NodeSilent
            data += portion
        return bytes(data)
