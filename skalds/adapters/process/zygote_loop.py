"""The zygote's own life: forks workers on request, buries them, and leaves nothing behind.

    node closes the control line, or dies ──► kill every descendant until none is left ──► exit
    worker ends ──► kill what it left behind ──► wait until that is dead ──► {"gone": …}

Single-threaded and without user code, so nothing can keep it from doing so.
"""

import os
import selectors
import signal
import socket
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import NoReturn

from skalds.adapters.process.containment import watch_process
from skalds.adapters.process.process_tree import children_of, signal_descendants, signal_tree
from skalds.adapters.process.wire import FrameBuffer, ProtocolBroken, decode, message
from skalds.adapters.process.worker_process import STOP_SIGNALS, EnterWorker, run_executed, run_forked
from skalds.ports.worker_launcher import WorkerSignal

MOST_DESCRIPTORS = 200
"""How many lines travel with one message; the kernel takes 253."""

_READ_BYTES = 65_536
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_BURIAL_RETRY_SECONDS = 0.05
_IGNORED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ZygoteLoop:
    """Serves one node until it is gone."""

    def __init__(
        self, control: socket.socket, node: int, enter_worker: EnterWorker | None, command: Sequence[str]
    ) -> None:
        self._control = control
        self._node = node
        self._enter_worker = enter_worker
        self._command = command
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._incoming = FrameBuffer()
        self._lines: deque[int] = deque()
        self._commands: deque[Callable[[], bool]] = deque()
        self._outgoing = bytearray()
        self._runs: dict[int, int] = {}
        self._pids: dict[int, int] = {}
        self._suspended: set[int] = set()
        self._ended: list[tuple[int, int]] = []
        self._someone_died = False
        self._node_gone = False

    def serve(self) -> None:
        """Returns when the node is gone and no descendant is alive."""
        self._listen()
        while not self._node_gone:
            self._turn(0 if self._commands else _BURIAL_RETRY_SECONDS if self._ended else None)
        while self._end_everything():
            self._turn(_BURIAL_RETRY_SECONDS)
        with suppress(OSError):
            self._control.setblocking(True)
            self._control.sendall(self._outgoing)

    def _listen(self) -> None:
        for end in (self._control, self._wake_reader, self._wake_writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _note_signal)
        for number in _IGNORED_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._selector.register(self._control, selectors.EVENT_READ, self._take_commands)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._drain_wakeups)
        # The control line alone would not tell if something forked off by the node's process kept it open.
        watch = watch_process(self._node)
        if watch is not None:
            self._selector.register(watch, selectors.EVENT_READ, partial(self._note_dead_node, watch))
        if os.getppid() != self._node:
            self._node_gone = True

    def _turn(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()
        self._obey_one_launch()
        if self._someone_died or self._ended:
            self._bury()
        self._flush()

    def _note_dead_node(self, watch: int) -> None:
        self._node_gone = True
        self._selector.unregister(watch)

    def _drain_wakeups(self) -> None:
        self._someone_died = True
        with suppress(BlockingIOError):
            while self._wake_reader.recv(_READ_BYTES):
                pass

    def _take_commands(self) -> None:
        try:
            data, lines, flags, _ = socket.recv_fds(self._control, _READ_BYTES, MOST_DESCRIPTORS, _CLOSE_ON_EXEC)
        except BlockingIOError:
            return
        except OSError:
            data, lines, flags = b"", [], 0
        if flags & socket.MSG_CTRUNC:
            # Lines and launches would no longer match; the node starts no further runs and ends those there are.
            raise ProtocolBroken("this process may not open as many files as there are runs to launch")
        self._lines += lines
        if not data:
            self._node_gone = True
            self._selector.unregister(self._control)
            return
        for payload in self._incoming.feed(data):
            command = decode(payload)
            self._commands += (partial(self._launch, *order) for order in command.get("launch", ()))
            if "signal" in command:
                self._commands.append(partial(self._signal, *command["signal"]))

    def _obey_one_launch(self) -> None:
        # A fork of a large program takes its time; the end of the node must not wait for two hundred of them.
        while self._commands and not self._node_gone:
            if self._commands.popleft()():
                return

    def _launch(self, run: int, mode: str, environment: Mapping[str, str]) -> bool:
        # Descriptors arrive in the order of the launches they belong to.
        line = socket.socket(fileno=self._lines.popleft())
        zygote = os.getpid()
        # A stop that arrives between fork and the worker's own handlers must wait, not be lost to ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(failed=[run, f"no process could be forked: {error.strerror}"])
        else:
            if pid == 0:
                self._become_worker(line, mode, environment, zygote)
            self._runs[pid] = run
            self._pids[run] = pid
            self._tell(started=[run, pid])
        finally:
            line.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        return True

    def _become_worker(self, line: socket.socket, mode: str, environment: Mapping[str, str], zygote: int) -> NoReturn:
        # What user modules opened at import stays open: they use it. Ours, and the lines of other runs, must not.
        try:
            os.environ.update(environment)
            signal.set_wakeup_fd(-1)
            for key in list(self._selector.get_map().values()):
                if isinstance(key.fileobj, int):
                    os.close(key.fileobj)
            self._selector.close()
            for end in (self._control, self._wake_reader, self._wake_writer):
                end.close()
            for other in self._lines:
                os.close(other)
            if mode == "fork" and self._enter_worker is not None:
                run_forked(line, self._enter_worker, zygote)
            run_executed(line, self._command, zygote)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def _signal(self, run: int, name: str) -> bool:
        pid = self._pids.get(run)
        if pid is not None:
            _SIGNALLERS[WorkerSignal(name)](self, pid)
        return False

    def _terminate(self, pid: int) -> None:
        os.kill(pid, signal.SIGTERM)
        if pid in self._suspended:
            self._resume(pid)

    def _suspend(self, pid: int) -> None:
        self._suspended.add(pid)
        signal_tree(pid, signal.SIGSTOP)

    def _resume(self, pid: int) -> None:
        self._suspended.discard(pid)
        signal_tree(pid, signal.SIGCONT)

    def _kill(self, pid: int) -> None:
        signal_tree(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Reaps the dead; a run is told as gone only when nothing it left behind is alive."""
        self._someone_died = False
        while (dead := _next_dead()) is not None:
            pid, status = dead
            run = self._runs.pop(pid, None)
            if run is not None:
                del self._pids[run]
                self._suspended.discard(pid)
                self._ended.append((run, status))
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        # Workers keep their orphans while they live, so every other child is a stray of a run that has ended.
        strays = [child for child in children_of(os.getpid()) if child not in self._runs]
        for stray in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(stray, signal.SIGKILL)
            signal_descendants(stray, signal.SIGKILL)
        if not strays:
            for run, status in self._ended:
                self._tell(gone=[run, status])
            self._ended.clear()

    def _end_everything(self) -> bool:
        """Kills whatever descends from this process; whether there was anything."""
        children = {*children_of(os.getpid()), *self._runs}
        for child in children:
            signal_tree(child, signal.SIGKILL)
        self._bury()
        return bool(children)

    def _tell(self, **content: object) -> None:
        self._outgoing += message(**content)

    def _flush(self) -> None:
        if self._outgoing:
            with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
                del self._outgoing[: self._control.send(self._outgoing)]
        if self._control.fileno() in self._selector.get_map():
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outgoing else 0)
            self._selector.modify(self._control, wanted, self._take_commands)


_SIGNALLERS: dict[WorkerSignal, Callable[[ZygoteLoop, int], None]] = {
    WorkerSignal.TERMINATE: ZygoteLoop._terminate,
    WorkerSignal.SUSPEND: ZygoteLoop._suspend,
    WorkerSignal.RESUME: ZygoteLoop._resume,
    WorkerSignal.KILL: ZygoteLoop._kill,
}


def _next_dead() -> tuple[int, int] | None:
    """A child that has ended, and its exit status; it stays a zombie where the system can do that.

    As long as it is one, its number, and the group of that number, cannot be given to anyone else.
    """
    try:
        if not hasattr(os, "waitid"):
            pid, status = os.waitpid(-1, os.WNOHANG)
            return (pid, os.waitstatus_to_exitcode(status)) if pid else None
        info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    if info is None:
        return None
    return info.si_pid, info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def _note_signal(number: int, frame: FrameType | None) -> None:
    """Gives the kernel a reason to write to the wake-up descriptor."""
