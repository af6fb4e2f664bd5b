"""The process from which all workers are forked: born while the node is nothing but the user's imported program.

    user's program ──run()──► Zygote.spawn ──fork──► zygote ──fork per run──► worker
          │                                             ▲
          └────────────── becomes the node ── control line

A fork copies one thread and every lock as it happens to stand, so it must come before threads, loops and clients. If
threads exist already, the zygote is a fresh interpreter instead, and so is every run.
"""

import atexit
import gc
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NoReturn, Self

from loguru import logger

from skalds.adapters.process.command_line import command_again
from skalds.adapters.process.containment import adopt_orphans, other_threads
from skalds.adapters.process.process_tree import children_of
from skalds.adapters.process.worker_process import EnterWorker
from skalds.adapters.process.zygote_loop import ZygoteLoop


class Zygote:
    """The node's hold on its zygote; `ZygoteLauncher` speaks over `control`."""

    def __init__(
        self, control: socket.socket, process: "int | subprocess.Popen[bytes]", exec_classes: Collection[str] | None
    ) -> None:
        self.control = control
        self.pid = process if isinstance(process, int) else process.pid
        self.other_children = frozenset(children_of(os.getpid())) - {self.pid}
        """What the user's program had started itself; never ours to kill."""
        self._process = process
        self._exec_classes = exec_classes

    @classmethod
    def spawn(
        cls,
        enter_worker: EnterWorker,
        *,
        exec_classes: Collection[str] = frozenset(),
        command: Sequence[str] | None = None,
    ) -> Self:
        """Starts the zygote; call it in the user's own process before any thread, loop or client exists.

        Runs of `exec_classes` start as fresh interpreters that repeat `command`, by default this process's own.
        """
        command = command_again() if command is None else tuple(command)
        # If the zygote itself is killed, what its workers started comes to the node instead of escaping to init.
        adopt_orphans()
        control, zygote_end = socket.socketpair()
        threads = other_threads()
        with zygote_end:
            if sys.platform == "linux" and not threads:
                if exec_classes:
                    logger.bind(classes=sorted(exec_classes)).info("runs.start_as_fresh_interpreters")
                return cls(control, _fork(zygote_end, control, enter_worker, command), frozenset(exec_classes))
            reason = f"threads exist: {', '.join(threads[:5])}" if threads else f"forking is not safe on {sys.platform}"
            logger.bind(reason=reason).warning("runs.start_as_fresh_interpreters")
            return cls(control, _execute(zygote_end, command), exec_classes=None)

    def mode_of(self, class_name: str) -> str:
        """How a run of this class starts: `fork` or `exec`."""
        return "exec" if self._exec_classes is None or class_name in self._exec_classes else "fork"

    def wait(self) -> None:
        """Returns when the zygote has ended; blocks."""
        if isinstance(self._process, int):
            # A program that ignores SIGCHLD has its children reaped by the kernel.
            with suppress(ChildProcessError):
                os.waitpid(self._process, 0)
        else:
            self._process.wait()

    def kill(self) -> None:
        """Ends the zygote at once, and with it its workers."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the zygote and every process below it, and waits for that; for a node that never used it."""
        self.control.close()
        self.wait()


def _fork(zygote_end: socket.socket, node_end: socket.socket, enter_worker: EnterWorker, command: Sequence[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        # What is still in a buffer would be written again by every worker.
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    node = os.getpid()
    # Nothing may reach the new process before it has its own handlers, a Ctrl-C least of all.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            node_end.close()
            _live(zygote_end, node, enter_worker, command)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


def _execute(zygote_end: socket.socket, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    line = zygote_end.fileno()
    program = [sys.executable, "-m", __name__, str(line), str(os.getpid()), *command]
    return subprocess.Popen(program, pass_fds=[line], stdin=subprocess.DEVNULL)  # noqa: S603 - our own module


def _live(control: socket.socket, node: int, enter_worker: EnterWorker | None, command: Sequence[str]) -> NoReturn:
    code = 1
    try:
        os.setsid()
        adopt_orphans()
        control.set_inheritable(False)
        # What the program registered is for its own end, not for that of each worker.
        atexit._clear()
        _read_nothing()
        # Objects that exist now are shared with every worker until somebody writes to them; a collection would.
        gc.collect()
        gc.freeze()
        gc.disable()
        ZygoteLoop(control, node, enter_worker, command).serve()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _read_nothing() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


if __name__ == "__main__":
    _live(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), None, sys.argv[3:])
