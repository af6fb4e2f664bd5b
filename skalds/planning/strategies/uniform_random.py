"""RANDOM: any eligible node with room, all equally likely."""

import random
from collections.abc import Sequence

from skalds.planning.strategies.strategy import NodeLoad, Picker


class _RandomPicker:
    def __init__(self, nodes: Sequence[NodeLoad], wanted: int, rng: random.Random) -> None:
        self._open = [node for node in nodes if node.fits(wanted)]
        self._wanted = wanted
        self._rng = rng

    def pick(self) -> NodeLoad | None:
        """A random node with room; full ones are dropped as they are met, which keeps the rest equally likely."""
        nodes = self._open
        while nodes:
            place = self._rng.randrange(len(nodes))
            if nodes[place].fits(self._wanted):
                return nodes[place]
            nodes[place] = nodes[-1]
            nodes.pop()
        return None


class UniformRandom:
    """Draws from the `rng` that the planner is given, so a seed repeats the placement."""

    def picker(self, nodes: Sequence[NodeLoad], wanted: int, rng: random.Random) -> Picker:
        return _RandomPicker(nodes, wanted, rng)
