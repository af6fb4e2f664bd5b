"""What every part of a controller takes from outside."""

import random
from dataclasses import dataclass

from skalds.config.timings import Timings
from skalds.ports.clock import Clock
from skalds.ports.engine import Engine
from skalds.ports.ids import Ids


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Engine, time, chance, and the name under which this controller holds leases."""

    engine: Engine
    clock: Clock
    ids: Ids
    rng: random.Random
    timings: Timings
    name: str
