"""`simulate`: one seed from beginning to end, with the verdict."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loguru import logger

from skalds.testing.simulation.checks import violations
from skalds.testing.simulation.history import History
from skalds.testing.simulation.simulated_cluster import SimulatedCluster
from skalds.testing.simulation.virtual_loop import Stuck
from skalds.testing.simulation.world import Parts, World

_ROUNDS_TO_END = 100
_LOG = "skalds.runtime.log_setup"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one seed showed."""

    seed: int
    history: History
    violations: list[str]
    seconds: float


def simulate(seed: int, parts: Parts | None = None, *, on_start: Callable[[World], None] | None = None) -> Verdict:
    """Lives through one seed and checks what happened."""
    with _undisturbed():
        world = World(seed, parts or Parts())
        if on_start is not None:
            on_start(world)
        cluster = SimulatedCluster(world)
        try:
            stuck = _live(world, cluster)
            seconds = world.loop.time()
            found = stuck + violations(world.history, world.store, cluster.client.submitted)
        finally:
            _tear_down(world, cluster)
    return Verdict(seed, world.history, found, seconds)


def _live(world: World, cluster: SimulatedCluster) -> list[str]:
    try:
        world.loop.run_until_complete(cluster.live())
    except Stuck:
        return ["S19: everyone waits for ever"]
    return []


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """No log, and no collection of garbage at moments that the seed does not know."""
    collecting = gc.isenabled()
    gc.disable()
    logger.disable(_LOG)
    try:
        yield
    finally:
        logger.enable(_LOG)
        if collecting:
            gc.enable()


def _tear_down(world: World, cluster: SimulatedCluster) -> None:
    """Lets everything that was frozen or killed end after all, so that nothing is left to the garbage collector."""
    loop, events = world.loop, world.history.events
    noted = len(events)
    loop.set_exception_handler(lambda *_: None)
    for host in cluster.hosts.values():
        host.keep_running = False
        for program in host.programs:
            program.connection.close()
    for process in loop.processes:
        loop.resume(process)
    loop.run_until_complete(_end_all())
    loop.close()
    del events[noted:]


async def _end_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for _ in range(_ROUNDS_TO_END):
        if not others:
            break
        for task in others:
            task.cancel()
        _, others = await asyncio.wait(others, timeout=1.0)
