"""RANDOM: any eligible node with room, all equally likely.

Where tasks prefer labels, it is any of the nodes with room that miss the fewest of them.
"""

import random
from collections.abc import Sequence

from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.open_nodes import OpenNodes
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


class _RandomPicker:
    def __init__(self, pool: Pool, rng: random.Random) -> None:
        self._nodes = pool.nodes
        self._groups = [OpenNodes(pool, places, rng) for places in _places_by_misses(pool)]

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """A random node of the first group in which one has room."""
        for group in self._groups:
            place = group.draw()
            if place is not None:
                return self._nodes[place]
        return None


class UniformRandom:
    """Draws from the `rng` that the planner is given, so a seed repeats the placement."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return _RandomPicker(pool, rng)


def _places_by_misses(pool: Pool) -> Sequence[Sequence[int]]:
    """Groups of places that miss equally many labels, the fewest first."""
    groups: dict[int, list[int]] = {}
    for place in range(len(pool.nodes)):
        groups.setdefault(pool.missed_by(place), []).append(place)
    return [groups[missed] for missed in sorted(groups)]
