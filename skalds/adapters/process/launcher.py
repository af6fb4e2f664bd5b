"""The worker launcher over a zygote: one order to it starts many runs, each with a line of its own."""

import asyncio
import itertools
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from loguru import logger

from skalds.adapters.process.process_tree import children_of, signal_descendants
from skalds.adapters.process.run_line import RunLine
from skalds.adapters.process.wire import FrameBuffer, ProtocolBroken, decode, encode, message
from skalds.adapters.process.zygote import Zygote
from skalds.adapters.process.zygote_loop import MOST_DESCRIPTORS
from skalds.errors import WorkerLaunchFailed
from skalds.model.moment import now_ms
from skalds.model.task import RunError, Task
from skalds.ports.worker_launcher import Gone, Reported, RunKey, RunOutcome, WorkerEvent, WorkerLauncher, WorkerSignal

_READ_BYTES = 65_536
_MOST_UNREAD_EVENTS = 1_000
_NEVER_STARTED = -1
_VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
_ZYGOTE_GONE = "The process that starts workers is gone; restart this node"
_KILLED = -int(signal.SIGKILL)


@dataclass(eq=False)
class _Run:
    key: RunKey
    number: int
    line: RunLine
    pid: int | None = None


class ZygoteLauncher:
    """Runs each task in a process forked by the zygote; if the node `assigns_gpus`, with those of its run to see."""

    def __init__(self, zygote: Zygote, *, assigns_gpus: bool = False) -> None:
        self._zygote = zygote
        self._assigns_gpus = assigns_gpus
        self._control = zygote.control
        self._control.setblocking(False)
        self._sending = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._runs: dict[RunKey, _Run] = {}
        self._by_number: dict[int, _Run] = {}
        self._events: asyncio.Queue[WorkerEvent | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._hearing: asyncio.Task[None] | None = None
        self._burials: set[asyncio.Task[None]] = set()
        self._closing = False
        self._lost = False

    async def launch(self, tasks: Sequence[Task]) -> None:
        self._listen()
        fresh = {RunKey(task.id, task.attempt): task for task in tasks}
        for key in [key for key in fresh if key in self._runs]:
            logger.bind(task=key.task_id, attempt=key.attempt).warning("worker.launched_already")
            del fresh[key]
        rest = iter(fresh.items())
        while some := list(itertools.islice(rest, MOST_DESCRIPTORS)):
            await self._launch_some(some)

    async def signal(self, key: RunKey, signal: WorkerSignal) -> None:
        run = self._runs.get(key)
        if run is not None:
            with suppress(OSError):
                await self._send(message(signal=[run.number, signal.value]))

    async def update(self, key: RunKey, attachments: Any) -> None:
        run = self._runs.get(key)
        if run is not None:
            run.line.update(encode({"attachments": attachments}))

    def pid_of(self, key: RunKey) -> int | None:
        """The worker's process, once it is known."""
        run = self._runs.get(key)
        return None if run is None else run.pid

    async def events(self) -> AsyncIterator[WorkerEvent]:
        self._listen()
        while (event := await self._events.get()) is not None:
            if self._events.qsize() < _MOST_UNREAD_EVENTS // 2:
                self._room.set()
            yield event
        if self._lost:
            raise WorkerLaunchFailed(_ZYGOTE_GONE)

    async def close(self) -> None:
        self._listen()
        first = not self._closing
        self._closing = True
        # Whoever still waits for room would wait for a reader that may never come back.
        self._room.set()
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        if self._hearing is not None:
            await asyncio.shield(self._hearing)
        if first:
            self._events.put_nowait(None)

    def _listen(self) -> None:
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear_zygote())

    async def _launch_some(self, tasks: Sequence[tuple[RunKey, Task]]) -> None:
        if self._lost or self._closing:
            raise WorkerLaunchFailed(_ZYGOTE_GONE)
        orders: list[tuple[int, str, dict[str, str]]] = []
        lines: list[socket.socket] = []
        for key, task in tasks:
            try:
                request = task.model_dump_json(by_alias=True).encode()
                ours, theirs = socket.socketpair()
            except (OSError, ValueError) as error:
                self._refuse(key, f"The run could not be handed to a worker: {error}")
                continue
            run = _Run(key, next(self._numbers), RunLine(key, ours, self._deliver))
            self._runs[key] = self._by_number[run.number] = run
            run.line.start(request, partial(self.signal, key, WorkerSignal.KILL))
            orders.append((run.number, self._zygote.mode_of(task.class_name), self._environment_of(task)))
            lines.append(theirs)
        try:
            await self._send(message(launch=orders), [line.fileno() for line in lines])
        except OSError:
            # The zygote is dying; hearing of that ends these runs like all others.
            logger.bind(runs=len(orders)).warning("worker.launch_unheard")
        finally:
            for line in lines:
                line.close()

    def _environment_of(self, task: Task) -> dict[str, str]:
        if not self._assigns_gpus:
            return {}
        record = task.runs[-1] if task.runs else None
        # Empty hides every device: a run that asked for none must not take one of another run.
        devices = record.devices if record is not None and record.attempt == task.attempt else ()
        return {_VISIBLE_DEVICES: ",".join(devices)}

    async def _deliver(self, event: WorkerEvent) -> None:
        while self._events.qsize() >= _MOST_UNREAD_EVENTS and not self._closing:
            self._room.clear()
            await self._room.wait()
        self._events.put_nowait(event)

    async def _send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        async with self._sending:
            loop = asyncio.get_running_loop()
            while True:
                try:
                    sent = socket.send_fds(self._control, [data], descriptors)
                    break
                except BlockingIOError:
                    await _writable(self._control)
            if sent < len(data):
                await loop.sock_sendall(self._control, data[sent:])

    async def _hear_zygote(self) -> None:
        incoming = FrameBuffer()
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError, ProtocolBroken):
            while data := await loop.sock_recv(self._control, _READ_BYTES):
                for payload in incoming.feed(data):
                    for kind, (number, detail) in decode(payload).items():
                        self._take_news(kind, number, detail)
        await self._end()

    def _take_news(self, kind: str, number: int, detail: Any) -> None:
        run = self._by_number.get(number)
        if run is None:
            return
        match kind:
            case "started":
                run.pid = detail
            case "failed":
                self._bury(run, _NEVER_STARTED, _failed_to_start(run.key, detail))
            case "gone":
                self._bury(run, detail)

    def _bury(self, run: _Run, status: int, reason: Reported | None = None) -> None:
        del self._by_number[run.number]
        burial = asyncio.create_task(self._tell_end(run, status, reason))
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)

    async def _tell_end(self, run: _Run, status: int, reason: Reported | None) -> None:
        await run.line.finish()
        del self._runs[run.key]
        if reason is not None:
            self._events.put_nowait(reason)
        self._events.put_nowait(Gone(run.key, status))

    def _refuse(self, key: RunKey, reason: str) -> None:
        self._events.put_nowait(_failed_to_start(key, reason))
        self._events.put_nowait(Gone(key, _NEVER_STARTED))

    async def _end(self) -> None:
        """The zygote does not speak any more: because it was told to end, or because something has killed it."""
        if not self._closing:
            self._lost = True
            logger.bind(pid=self._zygote.pid, runs=len(self._by_number)).error("zygote.lost")
        async with self._sending:
            self._control.close()
        await asyncio.to_thread(self._destroy)
        for run in list(self._by_number.values()):
            self._bury(run, _KILLED)
        while self._burials:
            await asyncio.gather(*self._burials)
        if self._lost:
            # The reader has heard of every run now, and of nothing else ever again.
            self._events.put_nowait(None)

    def _destroy(self) -> None:
        if self._lost:
            self._zygote.kill()
        self._zygote.wait()
        if not self._lost:
            return
        # The workers died with the zygote; what they had started has come to this process, in sessions of its own.
        while strays := self._strays():
            for stray in strays:
                with suppress(ProcessLookupError):
                    os.kill(stray, signal.SIGKILL)
                signal_descendants(stray, signal.SIGKILL)
            for stray in strays:
                with suppress(ChildProcessError):
                    os.waitpid(stray, 0)

    def _strays(self) -> list[int]:
        own_session = os.getsid(0)
        return [
            child
            for child in children_of(os.getpid())
            if child not in self._zygote.other_children and _session_of(child) not in (own_session, None)
        ]


def _failed_to_start(key: RunKey, reason: str) -> Reported:
    error = RunError(type=WorkerLaunchFailed.__name__, message=reason)
    return Reported(key, RunOutcome.FAILED, now_ms(), error=error)


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


async def _writable(line: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(line, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(line)


def _conforms(launcher: ZygoteLauncher) -> WorkerLauncher:
    return launcher
