"""`SimulatedCluster`: two controllers, four nodes and a client live through one seed.

chaos: small and large faults ──► calm: all is mended, everything must end ──► probe: one clean failure, with bounds
"""

import asyncio
import signal
from collections.abc import Callable, Sequence

from skalds.model.task import Task
from skalds.testing.simulation import probes
from skalds.testing.simulation.connection import Cut
from skalds.testing.simulation.fault_script import Fault, FaultKind, Request, draw_script
from skalds.testing.simulation.host import Host
from skalds.testing.simulation.scenario import BRITTLE, BRITTLE_NODE, NODES, Scenario
from skalds.testing.simulation.simulated_client import SimulatedClient
from skalds.testing.simulation.simulated_controller import SimulatedController
from skalds.testing.simulation.simulated_node import SimulatedNode
from skalds.testing.simulation.virtual_loop import chance
from skalds.testing.simulation.world import World

SETTLE_S = 240.0
"""How long after the last fault everything may take to end."""

_LOOK_S = 0.25
_PROBES = (probes.fail_a_node, probes.fail_a_node, probes.fail_the_leader, probes.crowd, probes.crowd, None)
"""What comes last; it takes as long as all the rest."""

_HOUR_MS = 3_600_000
_LONGEST_OUTAGE_S = 6.0


class SimulatedCluster:
    """One seed, from start to the last check."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = chance(world.seed, "script")
        self.controllers = [SimulatedController(name, world) for name in ("c1", "c2")]
        self.nodes = [SimulatedNode(node.id, world, node) for node in NODES]
        self.client = SimulatedClient("client", world)
        self.hosts: dict[str, Host] = {host.name: host for host in (*self.controllers, *self.nodes, self.client)}
        self.hints_arrive = self.rng.random() < 0.85
        self.scenario = Scenario(chance(world.seed, "scenario"), self.client)
        self._stalls: int | None = None

    async def live(self) -> None:
        """All three phases."""
        for host in self.hosts.values():
            host.start()
        await self._chaos()
        self._mend()
        await self.client.wait_answered()  # what is still on its way must not undo the peace
        self.scenario.pacify()
        await self._settle()
        probe = self.rng.choice(_PROBES)
        if probe is not None:
            await probe(self)
            await self._settle()

    async def _chaos(self) -> None:
        script = draw_script(self.rng, [c.name for c in self.controllers] + ["client"], [n.name for n in self.nodes])
        loop = self.world.loop
        for fault in script.faults:
            loop.call_later(fault.at, self._begin, fault)
        asked = {
            Request.SUBMIT: self.scenario.submit,
            Request.COMMAND: self.client.random_command,
            Request.ACTION: self.scenario.act,
        }
        for at, request in script.requests:
            loop.call_later(at, asked[request])
        if "brittle" in self.scenario.features:
            self.world.weather.broken = (BRITTLE, BRITTLE_NODE)
        await asyncio.sleep(script.end)

    def submit_reliable(self, seconds: float) -> None:
        """Asks for a task that does what it should."""
        self.client.submit(attachments={"seconds": seconds, "reliable": True})

    def _begin(self, fault: Fault) -> None:
        host, later = self.hosts[fault.host], self._later
        match fault.kind:
            case FaultKind.CRASH if host is not self.client:
                host.crash()
                later(fault.seconds, self.restart, host)
            case FaultKind.CRASH_AND_RESTART_AT_ONCE if host is not self.client:
                host.crash()
                later(self.rng.uniform(0, 0.05), self.restart, host)
            case FaultKind.FREEZE:
                host.freeze()
                later(fault.seconds, host.thaw)
            case FaultKind.CUT:
                host.cut_off(self.rng.choice(list(Cut)))
                later(fault.seconds, host.heal)
            case FaultKind.JUMP:
                self.jump(host)
            case FaultKind.STOP if host is not self.client:
                self.world.say(f"{host.name} is asked to stop")
                host.current.shutdown.request()
            case FaultKind.DRAIN:
                self.world.say(f"{host.name} is asked to drain")
                host.current.shutdown.request(signal.SIGTERM)
            case FaultKind.STORE_DOWN:
                self.world.say("nobody reaches the store")
                how = self.rng.choice(list(Cut))
                for one in self.hosts.values():
                    one.cut_off(how)
                later(min(fault.seconds, _LONGEST_OUTAGE_S), self._heal_all)
            case FaultKind.DOUBLE:
                self.world.say(f"a second process of {host.name} starts")
                host.start()
            case FaultKind.DEAF_TO_BEATS:
                self.world.say("no beat arrives any more")
                self.world.weather.lost_beats = 1.0
                later(fault.seconds, self._hear_beats)

    def _heal_all(self) -> None:
        for host in self.hosts.values():
            host.heal()

    def _later(self, seconds: float, end: Callable[..., None], *hosts: Host) -> None:
        """Ends a fault after a while, unless all faults have been ended by then."""
        self.world.loop.call_later(seconds, lambda: None if self.world.history.calm_since is not None else end(*hosts))

    def _hear_beats(self) -> None:
        self.world.say("beats arrive again")
        self.world.weather.lost_beats = 0.0

    def jump(self, host: Host) -> None:
        """Sets a wall clock wrong."""
        self._note_wrong_clock()
        kind = self.rng.randrange(3)
        if kind == 2:
            host.clock.jump_to_1970()
        else:
            host.clock.error_ms += _HOUR_MS if kind else -_HOUR_MS
        self.world.say(f"the wall clock of {host.name} jumps: {host.clock.error_ms / 1000:+.0f} s")

    def restart(self, host: Host) -> None:
        """Starts a host that is down."""
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
            self.restart(host)

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
            self._note_wrong_clock()
            for host in self.hosts.values():
                host.clock.error_ms += latest - now

    def _note_wrong_clock(self) -> None:
        history = self.world.history
        history.clocks_jumped = True
        if history.calm_since is not None and history.clocks_wrong_since is None:
            history.clocks_wrong_since = self.world.loop.time()

    def note_stalls(self) -> None:
        """Adds up what the watchdogs have found since the last time, without the first."""
        total = sum(host.stalled for host in self.controllers)
        if self._stalls is not None:
            self.world.history.stalled += total - self._stalls
        self._stalls = total
