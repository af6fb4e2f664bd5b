"""The node's shell: reads rows, hears workers, asks the supervisor, and does what it says.

    register ──► beat, listen ──► work (rows, events → writes, launches, signals) … ──► drain, stop ──► leave

One step at a time: reading, writing and launching never overlap, so the supervisor always sees settled facts.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from skalds.config.timings import Timings
from skalds.errors import SessionReplaced, SkaldsError, WorkerLaunchFailed
from skalds.model.node import Beat, Node
from skalds.model.run_change import Change
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.node.run_log import log_change
from skalds.node.supervisor import Supervisor
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.machine_load import MachineLoad
from skalds.ports.run_ledger import RunLedger
from skalds.ports.worker_launcher import Gone, RunKey, WorkerEvent, WorkerLauncher
from skalds.runtime.alarm import Alarm
from skalds.runtime.failpoint import failpoint
from skalds.runtime.log_setup import log_event
from skalds.runtime.periodic import Periodic
from skalds.runtime.service import cancel_all
from skalds.runtime.shutdown_signals import ShutdownRequest

_LISTEN_PATIENCE_S = 5.0


@dataclass(slots=True)
class _Session:
    """One registration of this node and the runs under it; `is_leaving` once the store knows that it takes no more."""

    number: int
    supervisor: Supervisor
    is_leaving: bool = False


class NodeAgent:
    """Runs a node's tasks until told to stop; a service."""

    def __init__(
        self,
        node: Node,
        engine: Engine,
        launcher: WorkerLauncher,
        clock: Clock,
        timings: Timings,
        make_supervisor: Callable[[], Supervisor],
        shutdown: ShutdownRequest,
        machine_load: MachineLoad | None = None,
    ) -> None:
        self._node = node
        self._engine = engine
        self._launcher = launcher
        self._clock = clock
        self._timings = timings
        self._make_supervisor = make_supervisor
        self._shutdown = shutdown
        self._machine_load = machine_load
        self._hurried = asyncio.Event()
        self._session: _Session | None = None
        self._beats = 0
        self._draining = False
        self._hinted = False
        self._look_again_at = 0.0
        self._events: list[WorkerEvent] = []
        self._idle = asyncio.Event()
        self._ended: asyncio.Future[None] | None = None
        self._work = Periodic(self._work_once, timings.node_reread, clock, name="node.work")
        self._beating = Periodic(self._beat, timings.beat, clock, name="node.beat")
        self._alarm = Alarm(self._work.wake, clock)
        self._listeners: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Registers and begins to take work."""
        self._ended = asyncio.get_running_loop().create_future()
        listening = asyncio.Event()
        self._listeners = [
            asyncio.create_task(self._hear_workers(), name="node.workers"),
            asyncio.create_task(self._hear_bus(listening), name="node.bus"),
        ]
        for listener in self._listeners:
            listener.add_done_callback(self._take_end_of_listener)
        await self._wait_listening(listening)
        await self._register()
        await self._beating.start()
        await self._work.start()

    async def _wait_listening(self, listening: asyncio.Event) -> None:
        """The first assignment may be announced as soon as the registration is known; a bus that is down costs that."""
        if self._ended is None:
            return
        patience = asyncio.ensure_future(self._clock.sleep(_LISTEN_PATIENCE_S))
        ready: asyncio.Future[Any] = asyncio.ensure_future(listening.wait())
        await asyncio.wait([ready, patience, self._ended], return_when=asyncio.FIRST_COMPLETED)
        await cancel_all([ready, patience])
        if self._ended.done():
            self._ended.result()
        if not listening.is_set():
            log_event("WARNING", "node.not_listening", node=self._node.id)

    async def wait_ended(self) -> None:
        """Never returns by itself.

        Raises `SessionReplaced` when another process took this node's id, `WorkerLaunchFailed` when nothing can run.
        """
        if self._ended is not None:
            await asyncio.shield(self._ended)

    def hurry(self) -> None:
        """Ends a drain: what runs is stopped and handed back now."""
        self._hurried.set()

    async def stop(self) -> None:
        """Takes nothing new, ends what runs, and leaves.

        After SIGTERM running tasks may finish for up to `drain`; otherwise they are stopped and handed back at once.
        """
        if self._ended is None or self._session is None:
            await cancel_all(self._listeners)
            await self._launcher.close()
            return
        await self._begin_leaving()
        if self._shutdown.received is signal.SIGTERM:
            await self._wait_idle(self._timings.drain.total_seconds(), self._hurried)
        if self._session is not None:
            self._session.supervisor.stop_all()
        await self._wait_idle(self._timings.cancel_grace.total_seconds() + 2)
        await self._work.stop()
        self._alarm.set(None)
        await self._beating.stop()
        await cancel_all(self._listeners)
        await self._launcher.close()
        if self._session is not None:
            await self._engine.directory.leave(self._node.id, self._session.number)
            self._engine.wakeup.notify()

    async def _register(self) -> None:
        number = await self._engine.directory.register(self._node, self._clock.wall_ms())
        # The same one goes on: what dies of the session before still takes its place, above all on a GPU.
        supervisor = self._session.supervisor if self._session is not None else self._make_supervisor()
        self._session = _Session(number, supervisor)
        log_event("INFO", "node.registered", node=self._node.id, session=number, classes=sorted(self._node.classes))
        if self._draining:
            await self._begin_leaving()
            return
        await self._beat()
        self._engine.wakeup.notify()

    async def _begin_leaving(self) -> None:
        """Says, before anything is handed back, that this node takes nothing new, so that it goes to others."""
        self._draining = True
        await self._beat()
        session = self._session
        if session is not None and not session.is_leaving:
            try:
                await self._engine.directory.begin_leaving(self._node.id, session.number)
                session.is_leaving = True
            except SkaldsError as error:
                # The beats say it too, only later, and what comes meanwhile is refused.
                log_event("WARNING", "node.leaving_untold", node=self._node.id, session=session.number, reason=error)
        self._engine.wakeup.notify()

    async def _beat(self) -> None:
        if self._session is None:
            return
        self._beats += 1
        beat = Beat(
            self._node.id,
            self._session.number,
            self._beats,
            self._session.supervisor.live_tasks,
            draining=self._draining,
            machine_load=None if self._machine_load is None else self._machine_load.sample(),
        )
        await self._engine.directory.beat(beat)

    async def _hear_workers(self) -> None:
        async for event in self._launcher.events():
            self._events.append(event)
            self._work.wake()

    async def _hear_bus(self, listening: asyncio.Event) -> None:
        async with self._engine.bus.listen(self._node.id) as messages:
            listening.set()
            async for _message in messages:
                # Whatever it says, the rows say it better.
                self._hinted = True
                self._work.wake()

    async def _work_once(self) -> None:
        """Settles everything that is known, then sleeps until something new is."""
        session = self._session
        if session is None:
            return
        supervisor = session.supervisor
        self._take_in_events(supervisor)
        if self._draining:
            supervisor.drain()
        if self._clock.monotonic() >= self._look_again_at:
            await self._look_again(session)
        elif self._hinted:
            await self._read_rows(session)
        await self._write(supervisor)
        await self._signal(supervisor)
        if supervisor.live_tasks == 0:
            self._idle.set()

    def _take_in_events(self, supervisor: Supervisor) -> None:
        """Before every look at the clock: what ended while the store was slow had not reached its limit."""
        events, self._events = self._events, []
        supervisor.note(events)

    async def _look_again(self, session: _Session) -> None:
        """The slow look at everything, which makes every hint dispensable."""
        registration = await self._engine.directory.registration_of(self._node.id)
        if registration is not None and registration.session == session.number and not registration.closed:
            await self._read_rows(session)
            self._look_again_at = self._clock.monotonic() + self._timings.node_reread.total_seconds()
        else:
            await self._session_ended(session, replaced=registration is not None and not registration.closed)

    async def _read_rows(self, session: _Session) -> None:
        hinted, self._hinted = self._hinted, False
        try:
            rows = await self._engine.ledger.runs_of(self._node.id, session.number)
        except BaseException:
            self._hinted = hinted
            raise
        self._take_in_events(session.supervisor)
        steering = session.supervisor.read_rows(rows, self._clock.monotonic())
        for key, what in steering.signals:
            await self._launcher.signal(key, what)
        for key, attachments in steering.updates:
            await self._launcher.update(key, attachments)

    async def _write(self, supervisor: Supervisor) -> None:
        changes = supervisor.changes(self._clock.wall_ms())
        if not changes:
            return
        durable = any(
            change.after.final or change.after.lifecycle_status == TaskLifecycleStatus.FAILED.value
            for change in changes
        )
        written = await _commit(self._engine.ledger, changes, durable=durable)
        self._engine.wakeup.notify()
        for change, done in zip(changes, written, strict=True):
            if done:
                log_change(change)
        launches = supervisor.settle(changes, written, self._clock.monotonic())
        if launches:
            await self._launch(launches, supervisor)
        if not all(written):
            # Somebody else changed these rows first; what they say now decides.
            self._hinted = True
            self._work.wake()

    async def _launch(self, tasks: Sequence[Task], supervisor: Supervisor) -> None:
        self._idle.clear()
        try:
            await self._launcher.launch(tasks)
            failpoint("launch.ordered")
        except WorkerLaunchFailed as error:
            # This node can run nothing any more: what it just accepted goes back, to others, and it ends.
            await self._begin_leaving()
            supervisor.stop_all()
            supervisor.note([Gone(RunKey(task.id, task.attempt), -1) for task in tasks])
            self._end(error)

    async def _signal(self, supervisor: Supervisor) -> None:
        self._take_in_events(supervisor)
        now = self._clock.monotonic()
        for key, what in supervisor.stops(now):
            log_event("INFO", "worker.signalled", task=key.task_id, attempt=key.attempt, signal=what.value)
            await self._launcher.signal(key, what)
        moment = supervisor.next_moment()
        self._alarm.set(None if moment is None else moment - now)

    async def _session_ended(self, session: _Session, *, replaced: bool) -> None:
        """Another process uses our id: we stop. We were given up as lost: we start over, with nothing of the past."""
        session.supervisor.lose_session()
        log_event("WARNING", "node.session_ended", node=self._node.id, session=session.number, replaced=replaced)
        if not replaced:
            await self._signal(session.supervisor)
            await self._register()
        else:
            self._end(SessionReplaced(self._node.id, session.number))

    def _take_end_of_listener(self, listener: asyncio.Task[None]) -> None:
        """A node that hears its workers or the bus no more must not look healthy."""
        if not listener.cancelled() and (error := listener.exception()) is not None:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(error)

    async def _wait_idle(self, seconds: float, *unless: asyncio.Event) -> None:
        """Waits until nothing runs here any more, at most `seconds`, and not if one of the events is set."""
        self._idle.clear()
        self._work.wake()
        waits = [asyncio.ensure_future(event.wait()) for event in (self._idle, *unless)]
        waits.append(asyncio.ensure_future(self._wait(seconds)))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        await cancel_all(waits)

    async def _wait(self, seconds: float) -> Literal[True]:
        await self._clock.sleep(seconds)
        return True


async def _commit(ledger: RunLedger, changes: Sequence[Change], *, durable: bool) -> Sequence[bool]:
    failpoint("accept.before_commit", lambda: any(map(_is_accept, changes)))
    failpoint("report.before_commit", lambda: any(map(_is_report, changes)))
    failpoint("release.before_commit", lambda: any(map(_is_release, changes)))
    written = await ledger.write(changes, durable=durable)
    failpoint("accept.committed", lambda: any(map(_is_accept, changes)))
    failpoint("report.committed", lambda: any(map(_is_report, changes)))
    failpoint("release.committed", lambda: any(map(_is_release, changes)))
    return written


def _is_accept(change: Change) -> bool:
    return change.before.lifecycle_status == TaskLifecycleStatus.ASSIGNING.value and change.after.holds_slot


def _is_report(change: Change) -> bool:
    return not _is_accept(change) and change.after.lifecycle_status != change.before.lifecycle_status


def _is_release(change: Change) -> bool:
    return change.before.holds_slot and not change.after.holds_slot
