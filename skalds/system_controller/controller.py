"""`Controller`: the parts of one controller process, and the order in which they live."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from skalds.config._enum import SystemControllerModeEnum
from skalds.model.lease import Duty
from skalds.model.run_change import RunChange
from skalds.runtime.periodic import Periodic
from skalds.runtime.service import Service
from skalds.runtime.taps import TapListener
from skalds.system_controller.change_tail import ChangeTail
from skalds.system_controller.events.live_events import LiveEvents
from skalds.system_controller.fleet import Cluster, Fleet
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.monitor.dispatcher import Dispatcher
from skalds.system_controller.monitor.housekeeping import Housekeeping
from skalds.system_controller.monitor.node_watch import NodeWatch
from skalds.system_controller.monitor.retention import TaskRetention
from skalds.system_controller.monitor.task_recovery import TaskRecovery
from skalds.system_controller.surroundings import Surroundings

_SLOW_READ = timedelta(seconds=1)
_BETWEEN_LOOKS_S = 0.1
_AUDIT = timedelta(seconds=10)
_HOUSEKEEPING = timedelta(seconds=5)
_RETENTION = timedelta(minutes=1)

_WITH_MONITOR = frozenset({SystemControllerModeEnum.MONITOR, SystemControllerModeEnum.DISPATCHER})


class Controller:
    """One controller: pictures of the cluster for its API, and the duties its mode allows it to hold."""

    def __init__(
        self,
        around: Surroundings,
        mode: SystemControllerModeEnum,
        policy: DispatchPolicy,
        kept: timedelta = timedelta(days=30),
    ) -> None:
        self._around = around
        self.mode = mode
        self.cluster = Cluster(Fleet(), LiveRuns())
        engine, clock, timings = around.engine, around.clock, around.timings
        self._tail = ChangeTail(engine.ledger, self.cluster.live_runs, clock)
        self._watch = NodeWatch(engine.directory, self.cluster.fleet, clock, timings)
        self._monitoring = Leadership(Duty.MONITOR, around.name, engine.leases, clock, timings)
        self._dispatching = Leadership(
            Duty.DISPATCHER, around.name, engine.leases, clock, timings, on_change=self._wake_dispatcher
        )
        self._recovery = TaskRecovery(self._monitoring, self.cluster, engine, clock, timings)
        self._retention = TaskRetention(self._monitoring, engine, clock, kept)
        self.dispatcher: Dispatcher | None = None
        if mode is SystemControllerModeEnum.DISPATCHER:
            self.dispatcher = Dispatcher(self._dispatching, self.cluster, policy, around)
        self.events = LiveEvents(around, self.cluster, lambda: self._tail.position)
        self._tail.listeners += [self._follow_changes, self.events.follow_changes]
        self._looked_at = 0.0
        self._reading = self._every(_SLOW_READ, self._read_feed, "feed")
        self._looking = self._every(timings.beat, self._look_at_nodes, "nodes")

    def services(self) -> Sequence[Service]:
        """Everything that runs, in the order of starting."""
        renew = self._around.timings.lease_renew
        services: list[Service] = [
            self._reading,
            TapListener(self._around.engine.wakeup, self._reading.wake),
            self._looking,
            *self.events.services(),
        ]
        services.append(self._every(_AUDIT, self._tail.audit, "audit"))
        services.append(self._every(_HOUSEKEEPING, Housekeeping(self._around.engine).run_once, "housekeeping"))
        if self.mode in _WITH_MONITOR:
            # Before the lease, so that it stops after it: a round ends once the lease is resigned.
            services.append(self._every(_RETENTION, self._retention.run_once, "retention"))
            services.append(_Duty(self._monitoring, self._every(renew, self._monitoring.run_once, "lease.monitor")))
        if self.dispatcher is not None:
            renewing = self._every(renew, self._dispatching.run_once, "lease.dispatcher")
            services += [_Duty(self._dispatching, renewing), self.dispatcher]
        return services

    def _every(self, interval: timedelta, run_once: Callable[[], Awaitable[object]], name: str) -> Periodic:
        return Periodic(run_once, interval, self._around.clock, name=name)

    async def _look_at_nodes(self) -> None:
        self._looked_at = self._around.clock.monotonic()
        changed = await self._watch.run_once()
        self.events.follow_fleet()
        if changed:
            self._wake_dispatcher()
        await self._recovery.run_once()

    async def _read_feed(self) -> None:
        changes = await self._tail.run_once()
        pause = self._around.clock.monotonic() - self._looked_at
        # A tap that was not about a task's row: a node came or went. One whose change was read already looks the same,
        # hence the shortest pause between two looks.
        if changes == 0 and pause >= _BETWEEN_LOOKS_S:
            self._looking.wake()

    def _follow_changes(self, changes: Sequence[RunChange]) -> None:
        """Wakes the dispatcher for what can be placed or made room; an empty sequence means "read everything again"."""
        if not changes or any(change.ready or not change.holds_slot for change in changes):
            self._wake_dispatcher()

    def _wake_dispatcher(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.wake()


class _Duty:
    """A lease that is renewed between start and stop and resigned at the end."""

    def __init__(self, leadership: Leadership, renewing: Periodic) -> None:
        self._leadership = leadership
        self._renewing = renewing

    async def start(self) -> None:
        await self._renewing.start()

    async def stop(self) -> None:
        await self._renewing.stop()
        await self._leadership.resign()

    async def wait_ended(self) -> None:
        await self._renewing.wait_ended()
