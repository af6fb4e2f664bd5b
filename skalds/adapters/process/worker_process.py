"""A worker's process from its fork to the user's first line, and how it ends."""

import atexit
import gc
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from skalds.adapters.process.connection import NodeSilent, WorkerConnection
from skalds.adapters.process.containment import adopt_orphans, die_with
from skalds.model.moment import now_ms
from skalds.model.task import RunError
from skalds.ports.worker_launcher import Reported, RunKey, RunOutcome

EnterWorker = Callable[[bytes, WorkerConnection], None]
"""Runs one task: receives it as JSON, and the line to the node."""

EXEC_VARIABLE = "SKALDS_WORKER_CONNECTION"
"""Tells a fresh interpreter that it is a worker: `<descriptor>:<pid>`."""

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_RESET_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_LONGEST_WAIT_FOR_THREADS = 5.0
_NO_KEY = RunKey("", 0)


def run_forked(line: socket.socket, enter_worker: EnterWorker, zygote: int) -> NoReturn:
    """Becomes the worker of the run at the other end of `line`.

    SIGTERM and SIGINT are blocked until `enter_worker` can take them, so that a cancel is never lost in between.
    """
    code = 1
    try:
        _contain(zygote)
        gc.enable()
        code = _enter(WorkerConnection(line), enter_worker, known_threads=())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def run_executed(line: socket.socket, command: Sequence[str], zygote: int) -> NoReturn:
    """Becomes a fresh interpreter that runs `command` and finds the line through `exec_entry`."""
    try:
        if not command:
            raise FileNotFoundError("this program came neither from a file nor from a module or -c")
        _contain(zygote)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        line.set_inheritable(True)
        environment = {**os.environ, EXEC_VARIABLE: f"{line.fileno()}:{os.getpid()}"}
        os.execve(command[0], list(command), environment)  # noqa: S606 - the node's own command line
    except BaseException as error:
        with suppress(OSError):
            reason = RunError(type="WorkerLaunchFailed", message=f"A fresh interpreter could not be started: {error}")
            WorkerConnection(line).send(Reported(_NO_KEY, RunOutcome.FAILED, now_ms(), error=reason))
    finally:
        os._exit(1)


class ExecEntry:
    """A fresh interpreter's way into its one run."""

    def __init__(self, line: socket.socket) -> None:
        self._connection = WorkerConnection(line)

    def run(self, enter_worker: EnterWorker) -> NoReturn:
        """Runs the task and ends the process."""
        code = 1
        try:
            code = _enter(self._connection, enter_worker, known_threads=threading.enumerate())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def exec_entry() -> ExecEntry | None:
    """The run this process was started for, if it was started as a worker and not as a node."""
    descriptor, _, pid = os.environ.get(EXEC_VARIABLE, "").partition(":")
    # A program started by a worker may have inherited the variable; the descriptor means nothing there.
    if not descriptor.isdecimal() or pid != str(os.getpid()):
        return None
    del os.environ[EXEC_VARIABLE]
    return ExecEntry(socket.socket(fileno=int(descriptor)))


def _contain(zygote: int) -> None:
    os.setsid()
    die_with(zygote)
    adopt_orphans()
    signal.set_wakeup_fd(-1)
    for number in _RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _enter(connection: WorkerConnection, enter_worker: EnterWorker, known_threads: Sequence[threading.Thread]) -> int:
    code = 0
    try:
        enter_worker(connection.receive_request(), connection)
    except NodeSilent:
        return 1
    except SystemExit as exit_request:
        code = exit_request.code if isinstance(exit_request.code, int) else 0
    _wait_for_threads(known_threads)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    return code


def _wait_for_threads(known: Sequence[threading.Thread]) -> None:
    # As at the end of any program, but bounded: a thread that never ends would hold the slot for ever.
    deadline = time.monotonic() + _LONGEST_WAIT_FOR_THREADS
    for thread in threading.enumerate():
        if thread.daemon or thread is threading.current_thread() or thread in known:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
