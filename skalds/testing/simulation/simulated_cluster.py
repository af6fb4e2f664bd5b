"""`SimulatedCluster`: two controllers, four nodes and a client live through one seed.

chaos: small and large faults ──► calm: all is mended, everything must end ──► probe: one clean failure, with bounds
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from skalds.model.node import Node
from skalds.model.task import Task
from skalds.system_controller.operations.change_task_status import Command
from skalds.testing.simulation.connection import Cut
from skalds.testing.simulation.fault_script import Fault, FaultKind, draw_script
from skalds.testing.simulation.history import Probe
from skalds.testing.simulation.host import Host
from skalds.testing.simulation.simulated_client import SimulatedClient
from skalds.testing.simulation.simulated_controller import SimulatedController
from skalds.testing.simulation.simulated_node import SimulatedNode
from skalds.testing.simulation.virtual_loop import chance
from skalds.testing.simulation.world import World

SETTLE_S = 90.0
"""How long after the last fault everything may take to end."""

_LOOK_S = 0.25
_PROBES = 0.7
"""In which share of the seeds there is a probe; it takes as long as all the rest."""

_HOUR_MS = 3_600_000
_NODES = (
    Node("n1", "node", frozenset({"Demo", "Special"}), 1),
    Node("n2", "node", frozenset({"Demo", "Special"}), 2),
    Node("n3", "node", frozenset({"Demo"}), 3),
    Node("n4", "node", frozenset({"Demo"}), 2),
)


class SimulatedCluster:
    """One seed, from start to the last check."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = chance(world.seed, "script")
        self.controllers = [SimulatedController(name, world) for name in ("c1", "c2")]
        self.nodes = [SimulatedNode(node.id, world, node) for node in _NODES]
        self.client = SimulatedClient("client", world)
        self.hosts: dict[str, Host] = {host.name: host for host in (*self.controllers, *self.nodes, self.client)}
        self.hints_arrive = self.rng.random() < 0.85
        self._pending: list[asyncio.Task[None]] = []

    async def live(self) -> None:
        """All three phases."""
        for host in self.hosts.values():
            host.start()
        await self._chaos()
        self._mend()
        await self._settle()
        if self.rng.random() < _PROBES:
            await self._probe()

    async def _chaos(self) -> None:
        script = draw_script(self.rng, [c.name for c in self.controllers] + ["client"], [n.name for n in self.nodes])
        loop = self.world.loop
        for fault in script.faults:
            loop.call_later(fault.at, self._begin, fault)
        for at, submits in script.requests:
            loop.call_later(at, self._submit if submits else self.client.random_command)
        await asyncio.sleep(script.end)

    def _submit(self) -> None:
        rng = self.rng
        fields: dict[str, Any] = {
            "className": rng.choice(("Demo", "Demo", "Demo", "Special")),
            "attachments": {"seconds": rng.choice((0.05, 0.5, 1.5, 5.0))},
            "slots": rng.choice((1, 1, 1, 2)),
            "priority": rng.randrange(11),
            "maxAttempts": rng.choice((1, 2, 3, 3)),
            "retryDelayMs": rng.choice((0, 200, 1000)),
            "executor": rng.choice((None,) * 9 + ("n2",)),
        }
        if rng.random() < 0.15:
            fields["idempotencyKey"] = f"key-{rng.randrange(1_000_000)}"
            self.client.submit(**fields)
        self.client.submit(**fields)

    def _begin(self, fault: Fault) -> None:
        host, later = self.hosts[fault.host], self._later
        match fault.kind:
            case FaultKind.CRASH if host is not self.client:
                host.crash()
                later(fault.seconds, self._restart, host)
            case FaultKind.CRASH_AND_RESTART_AT_ONCE if host is not self.client:
                host.crash()
                later(self.rng.uniform(0, 0.05), self._restart, host)
            case FaultKind.FREEZE:
                host.freeze()
                later(fault.seconds, host.thaw)
            case FaultKind.CUT:
                host.cut_off(self.rng.choice(list(Cut)))
                later(fault.seconds, host.heal)
            case FaultKind.JUMP:
                self._jump(host)
            case FaultKind.STOP if host is not self.client:
                self.world.say(f"{host.name} is asked to stop")
                host.current.shutdown.request()
            case FaultKind.DOUBLE:
                self.world.say(f"a second process of {host.name} starts")
                host.start()
            case FaultKind.DEAF_TO_BEATS:
                self.world.say("no beat arrives any more")
                self.world.weather.lost_beats = 1.0
                later(fault.seconds, self._hear_beats)

    def _later(self, seconds: float, end: Callable[..., None], *hosts: Host) -> None:
        """Ends a fault after a while, unless all faults have been ended by then."""
        self.world.loop.call_later(seconds, lambda: None if self.world.history.calm_since is not None else end(*hosts))

    def _hear_beats(self) -> None:
        self.world.say("beats arrive again")
        self.world.weather.lost_beats = 0.0

    def _jump(self, host: Host) -> None:
        kind = self.rng.randrange(3)
        if kind == 2:
            host.clock.jump_to_1970()
        else:
            host.clock.error_ms += _HOUR_MS if kind else -_HOUR_MS
        self.world.say(f"the wall clock of {host.name} jumps: {host.clock.error_ms / 1000:+.0f} s")

    def _restart(self, host: Host) -> None:
        if not host.is_running:
            self.world.say(f"{host.name} restarts")
            host.start()

    def _mend(self) -> None:
        """Ends every fault; the wall clocks are right again."""
        self.world.say(f"faults stop; hints {'arrive' if self.hints_arrive else 'stay lost'}")
        self.world.history.hints_arrive = self.hints_arrive
        self.world.history.calm_since = self.world.loop.time()
        self.world.weather.calm_down(hints_arrive=self.hints_arrive)
        for host in self.hosts.values():
            host.clock.error_ms = 0
            host.heal()
            if any(program.process.halted for program in host.programs if program.alive):
                host.thaw()
            self._restart(host)

    async def _settle(self) -> None:
        """Until every task has ended and holds nothing, and every host runs."""
        begin = self.world.loop.time()
        while ((left := self._unsettled()) or self.client.is_waiting) and self.world.loop.time() < begin + SETTLE_S:
            self.client.resume_paused()
            self._skip_waiting(left)
            await asyncio.sleep(_LOOK_S)
        for task in left:
            self.world.history.unsettled.append(task.id)

    def _unsettled(self) -> Sequence[Task]:
        return [task for task in self.world.store.rows.values() if not task.final or task.holds_slot]

    def _skip_waiting(self, left: Sequence[Task]) -> None:
        """Lets an hour pass at once if a wrong clock has written that tasks wait so long."""
        now = self.client.clock.wall_ms()
        latest = max((task.eligible_at for task in left), default=0)
        if latest > now + _HOUR_MS / 2:
            self.world.say(f"{(latest - now) / 1000:.0f} s of waiting are skipped")
            for host in self.hosts.values():
                host.clock.error_ms += latest - now

    async def _probe(self) -> None:
        """One node fails while it runs tasks."""
        world = self.world
        for _ in range(4):
            self.client.submit(attachments={"seconds": 60.0, "reliable": True})
        await asyncio.sleep(2.0 if self.hints_arrive else 6.0)
        running = [task for task in world.store.live.values() if task.lifecycle_status == "Running" and task.executor]
        if not running:
            return
        victim = self.hosts[self.rng.choice(sorted({task.executor or "" for task in running}))]
        how = self.rng.choice(("crash", "crash", "crash", "freeze", "cut"))
        tasks = [task.id for task in running if task.executor == victim.name]
        world.history.probe = Probe(world.loop.time(), how, victim.name, tasks)
        if self.rng.random() < 0.3:
            for host in (*self.controllers, *self.nodes):
                self._jump(host)
        bound = 2.0
        if how == "crash":
            victim.crash()
        else:
            bound = 12.0
            victim.freeze() if how == "freeze" else victim.cut_off(self.rng.choice(list(Cut)))
        for _ in range(4):
            # Some of these are given to the victim before its silence is noticed.
            self.client.submit(attachments={"seconds": 0.1, "reliable": True})
        await asyncio.sleep(bound + 0.5)
        victim.thaw() if how == "freeze" else victim.heal()
        self._restart(victim)
        for task_id in [task.id for task in world.store.rows.values() if not task.final]:
            self.client.command(Command.CANCEL, task_id)
        await self._settle()
