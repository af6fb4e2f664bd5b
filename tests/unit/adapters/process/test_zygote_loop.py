"""What the zygote answers when the system refuses."""

import os
import socket

import pytest

from skalds.adapters.process.wire import FrameBuffer, decode
from skalds.adapters.process.zygote_loop import ZygoteLoop


def test_a_refused_fork_is_told_and_costs_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    node, control = socket.socketpair()
    line, other_end = socket.socketpair()
    zygote = ZygoteLoop(control, os.getpid(), None, ())
    zygote._lines.append(other_end.detach())
    monkeypatch.setattr(os, "fork", refuse)
    with node, control, line:
        zygote._launch(7, "fork", {})
        zygote._flush()
        [payload] = FrameBuffer().feed(node.recv(1000))
        assert decode(payload) == {"failed": [7, "no process could be forked: Resource temporarily unavailable"]}
        assert line.recv(1) == b""
        zygote._selector.close()
        zygote._wake_reader.close()
        zygote._wake_writer.close()
