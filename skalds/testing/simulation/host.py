"""`Host`: a simulated machine with a clock of its own and one program that is started on it again and again."""

from abc import ABC, abstractmethod
from contextvars import copy_context
from typing import TYPE_CHECKING

from skalds.errors import SessionReplaced, SkaldsError
from skalds.runtime.shutdown_signals import ShutdownRequest
from skalds.testing.simulation.connection import Connection, Cut
from skalds.testing.simulation.faulty_engine import FaultyEngine
from skalds.testing.simulation.history import Crashed
from skalds.testing.simulation.virtual_clock import VirtualClock
from skalds.testing.simulation.virtual_loop import OWNER, chance
from skalds.testing.simulation.world import World

if TYPE_CHECKING:
    import asyncio

RESTART_S = 0.5
"""How long a process that ended by itself stays away."""


class Program:
    """One process: its owner in the loop, its connection, and its life as an asyncio task."""

    def __init__(self, host: "Host", number: int) -> None:
        world = host.world
        self.name = f"{host.name}#{number}"
        self.world = world
        self.clock = host.clock
        self.process = world.loop.process(self.name)
        self.rng = chance(world.seed, self.name)
        self.connection = Connection(self.process, host.role, world.store, world.weather, world.loop)
        self.connection.cut = host.cut
        self.engine = FaultyEngine(world.store, host.clock, self.connection)
        self.shutdown = ShutdownRequest()
        self.alive = True
        self.life: asyncio.Task[None] | None = None

    def kill(self) -> None:
        """Nothing of it runs any more, no cleanup either; calls it has sent are on their way all the same."""
        self.alive = False
        self.process.halted = True
        self.engine.kill()


class Host(ABC):
    """Starts its program, restarts it when it ends by itself, and lets faults happen to it."""

    role = "host"

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.clock = VirtualClock(world.loop, booted=float(chance(world.seed, name).randrange(100_000)))
        self.cut: Cut | None = None
        self.programs: list[Program] = []
        self.keep_running = True

    @property
    def current(self) -> Program:
        """The latest process."""
        return self.programs[-1]

    @property
    def is_running(self) -> bool:
        return bool(self.programs) and self.current.alive

    @abstractmethod
    def make(self, number: int) -> Program:
        """A program that has not started yet."""

    @abstractmethod
    async def run(self, program: Program) -> None:
        """The whole life of the program."""

    def start(self) -> None:
        """Starts one more process, whatever became of the one before."""
        program = self.make(len(self.programs) + 1)
        self.programs.append(program)
        context = copy_context()
        context.run(OWNER.set, program.process)
        program.life = self.world.loop.create_task(self._live(program), name=program.name, context=context)

    def crash(self) -> None:
        for program in self.programs:
            if program.alive:
                self.world.say(f"{program.name} crashes")
                program.kill()

    def freeze(self) -> None:
        self.world.say(f"{self.name} freezes")
        for program in self.programs:
            program.process.halted = True

    def thaw(self) -> None:
        self.world.say(f"{self.name} goes on")
        for program in self.programs:
            if program.alive:
                self.world.loop.resume(program.process)

    def cut_off(self, how: Cut) -> None:
        self.world.say(f"{self.name} is cut off ({how.value})")
        self.cut = how
        for program in self.programs:
            program.connection.cut = how

    def heal(self) -> None:
        if self.cut is not None:
            self.world.say(f"{self.name} is connected again")
        self.cut = None
        for program in self.programs:
            program.connection.heal()

    async def _live(self, program: Program) -> None:
        try:
            await self.run(program)
        except SkaldsError as error:
            self.world.say(f"{program.name} ends: {error!r}")
            # What was replaced stays away, unless its successor is dead by then: somebody starts it again.
            replaced = any(other.alive for other in self.programs if other is not program)
            again = not (isinstance(error, SessionReplaced) and replaced)
        except Exception as error:
            self.world.history.note(Crashed(f"{program.name} ends: {error!r}"))
            again = True
        else:
            self.world.say(f"{program.name} ends")
            again = True
        program.kill()
        if again and self.keep_running and program is self.current:
            program.connection.later(self._start_again, program, delay=RESTART_S)

    def _start_again(self, program: Program) -> None:
        if program is self.current and self.keep_running:
            self.start()
