"""`Controller`: the parts of one controller process, and the order in which they live."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from skalds.config._enum import SystemControllerModeEnum
from skalds.model.lease import Duty
from skalds.model.run_change import RunChange
from skalds.planning.strategies.strategy import Strategy
from skalds.runtime.periodic import Periodic
from skalds.runtime.service import Service
from skalds.runtime.taps import TapListener
from skalds.system_controller.breakers import Breakers
from skalds.system_controller.change_tail import ChangeTail
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.events.live_events import LiveEvents
from skalds.system_controller.fleet import Cluster, Fleet
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.leadership import Leadership
from skalds.system_controller.live_runs import LiveRuns
from skalds.system_controller.monitor.dispatch_policy import DispatchPolicy
from skalds.system_controller.monitor.dispatcher import Dispatcher, Sight
from skalds.system_controller.monitor.housekeeping import Housekeeping
from skalds.system_controller.monitor.node_drain import NodeDrain
from skalds.system_controller.monitor.node_watch import NodeWatch
from skalds.system_controller.monitor.retention import TaskRetention
from skalds.system_controller.monitor.task_recovery import TaskRecovery
from skalds.system_controller.monitor.waiting_ends import WaitingEnds
from skalds.system_controller.monitor.watchdog import Watchdog
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.surroundings import Surroundings

_SLOW_READ = timedelta(seconds=1)
_BETWEEN_LOOKS_S = 0.1
_AUDIT = timedelta(seconds=10)
_HOUSEKEEPING = timedelta(seconds=1)
_RETENTION = timedelta(minutes=1)
_WAITING_ENDS = timedelta(seconds=1)
_WATCHDOG = timedelta(seconds=1)

_WITH_MONITOR = frozenset({SystemControllerModeEnum.MONITOR, SystemControllerModeEnum.DISPATCHER})


@dataclass(frozen=True, slots=True)
class ControllerOptions:
    """What a controller is told beside its mode and how to dispatch."""

    kept: timedelta = timedelta(days=30)
    ageing_step_ms: int = 60_000
    spread_label: str = ""
    strategies: Mapping[str, Callable[[], Strategy]] | None = None
    """Constructors by name; None: the built-in ones and those of installed packages."""


class Controller:
    """One controller: pictures of the cluster for its API, and the duties its mode allows it to hold."""

    _compared_in = 0
    """The latest term at whose begin the projection was compared with the rows."""

    def __init__(
        self,
        around: Surroundings,
        mode: SystemControllerModeEnum,
        policy: DispatchPolicy,
        options: ControllerOptions = ControllerOptions(),
    ) -> None:
        self._around = around
        self.mode = mode
        engine, clock, timings = around.engine, around.clock, around.timings
        self._keys = LaneKeys(engine.lanes)
        self.cluster = Cluster(Fleet(), LiveRuns(self._keys))
        self.policies = PolicyBook(engine, clock)
        self._breakers = Breakers(clock)
        self.picture = ClusterPicture(
            self.cluster, self.policies, self._breakers, options.ageing_step_ms, options.spread_label
        )
        self._tail = ChangeTail(engine.ledger, self.cluster.live_runs, self._keys, clock)
        self._watch = NodeWatch(engine.directory, self.cluster.fleet, clock, timings)
        self._monitoring = Leadership(Duty.MONITOR, around.name, engine.leases, clock, timings)
        self._dispatching = Leadership(
            Duty.DISPATCHER, around.name, engine.leases, clock, timings, on_change=self._wake_dispatcher
        )
        self._recovery = TaskRecovery(self._monitoring, self.cluster, engine, clock, timings)
        self._retention = TaskRetention(self._monitoring, engine, clock, options.kept)
        self._drain = NodeDrain(self._monitoring, self.cluster, self.policies, engine, clock)
        self._ending = self._every(_WAITING_ENDS, WaitingEnds(self._monitoring, engine, clock).run_once, "waiting_ends")
        self.dispatcher: Dispatcher | None = None
        self._watchdog: Watchdog | None = None
        if mode is SystemControllerModeEnum.DISPATCHER:
            sight = Sight(self.picture, self._keys, self._catch_up)
            self.dispatcher = Dispatcher(self._dispatching, sight, policy, around, options.strategies)
            self._watchdog = Watchdog(self._dispatching, self.dispatcher, around, sight, self._tail)
        self.events = LiveEvents(around, self.cluster, lambda: self._tail.position)
        self._tail.listeners += [self._breakers.follow, self._follow_changes, self.events.follow_changes]
        self._looked_at = 0.0
        self._reading = self._every(_SLOW_READ, self._read_feed, "feed")
        self._looking = self._every(timings.beat, self._look_at_nodes, "nodes")
        self._governing = self._every(_SLOW_READ, self._refresh_policies, "policies")
        self.policies.listeners += [self._wake_dispatcher, self._looking.wake]

    def services(self) -> Sequence[Service]:
        """Everything that runs, in the order of starting."""
        renew = self._around.timings.lease_renew
        services: list[Service] = [
            self._reading,
            TapListener(self._around.engine.wakeup, self._reading.wake),
            self._looking,
            self._governing,
            *self.events.services(),
        ]
        services.append(self._every(_AUDIT, self._tail.audit, "audit"))
        services.append(self._every(_HOUSEKEEPING, Housekeeping(self._around.engine).run_once, "housekeeping"))
        if self.mode in _WITH_MONITOR:
            # Before the lease, so that it stops after it: a round ends once the lease is resigned.
            services.append(self._every(_RETENTION, self._retention.run_once, "retention"))
            services.append(self._ending)
            services.append(_Duty(self._monitoring, self._every(renew, self._monitoring.run_once, "lease.monitor")))
        if self.dispatcher is not None:
            renewing = self._every(renew, self._dispatching.run_once, "lease.dispatcher")
            services += [_Duty(self._dispatching, renewing), self.dispatcher]
        if self._watchdog is not None:
            services.append(self._every(_WATCHDOG, self._watchdog.run_once, "watchdog"))
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
        await self._drain.run_once()
        self._breakers.forget_all_but(
            {(known.registration.node.id, known.registration.session) for known in self.cluster.fleet.all()}
        )

    async def _catch_up(self) -> None:
        """What others committed may reach the feed a little later: a new leader compares with the rows."""
        lease = self._dispatching.lease
        if lease is not None and lease.term != self._compared_in:
            await self._tail.audit()
            self._compared_in = lease.term
        await self._tail.run_once()
        await self.policies.refresh()

    async def _refresh_policies(self) -> None:
        await self.policies.refresh()
        if self.dispatcher is not None:
            await self.dispatcher.refresh_policy()

    async def _read_feed(self) -> None:
        changes = await self._tail.run_once()
        pause = self._around.clock.monotonic() - self._looked_at
        # A tap that was not about a task's row: a node came or went. One whose change was read already looks the same,
        # hence the shortest pause between two looks.
        if changes == 0 and pause >= _BETWEEN_LOOKS_S:
            self._looking.wake()
            self._governing.wake()

    def _follow_changes(self, changes: Sequence[RunChange]) -> None:
        if self.dispatcher is not None:
            self.dispatcher.follow(changes)
        if WaitingEnds.concerns(changes):
            self._ending.wake()

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
