"""What everything in one simulation shares: loop, store, weather and history, all from one seed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from skalds.config.timings import Timings
from skalds.testing.simulation.history import Crashed, History, Noted
from skalds.testing.simulation.observed_store import ObservedStore
from skalds.testing.simulation.simulated_launcher import SimulatedLauncher
from skalds.testing.simulation.virtual_loop import VirtualLoop, chance
from skalds.testing.simulation.weather import Weather


@dataclass(frozen=True, slots=True)
class Parts:
    """What a simulation is built of; tests put broken parts in to see that the checks notice."""

    store: Callable[..., ObservedStore] = ObservedStore
    launcher: Callable[..., SimulatedLauncher] = SimulatedLauncher
    timings: Timings = field(default_factory=Timings)


class World:
    """One seed's world."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.seed = seed
        self.parts = parts
        self.timings = parts.timings
        self.loop = VirtualLoop(chance(seed, "order"))
        self.loop.set_exception_handler(self._note_crash)
        self.history = History(self.loop.time)
        self.store = parts.store(self.history, self.loop.time)
        self.weather = Weather.drawn(chance(seed, "weather"))

    def say(self, text: str) -> None:
        self.history.note(Noted(text))

    def _note_crash(self, loop: object, context: dict[str, Any]) -> None:
        self.history.note(Crashed(f"{context.get('message')}: {context.get('exception')!r}"))
