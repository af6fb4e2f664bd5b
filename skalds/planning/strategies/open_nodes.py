"""Drawing nodes with room by chance, all equally likely."""

import random
from collections.abc import Iterable

from skalds.planning.strategies.strategy import Pool


class OpenNodes:
    """The nodes of a pool that may still have room, by their place in it.

    Full ones are dropped as they are met: what is left stays equally likely, and no pick looks at every node.
    """

    def __init__(self, pool: Pool, places: Iterable[int], rng: random.Random) -> None:
        self._pool = pool
        self._places = list(places)
        self._rng = rng

    def __len__(self) -> int:
        return len(self._places)

    def draw(self) -> int | None:
        """The place of a random node with room, or None when there is none."""
        places, nodes, demand = self._places, self._pool.nodes, self._pool.demand
        while places:
            drawn = int(self._rng.random() * len(places))
            if nodes[places[drawn]].fits(demand):
                return places[drawn]
            places[drawn] = places[-1]
            places.pop()
        return None
