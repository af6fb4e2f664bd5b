"""POWER_OF_TWO: of two random nodes with room the one with fewer live tasks.

Ties go to fewer missed labels, then to the smaller share in use, then to the smaller id. Nearly as even as LEAST_TASKS,
but without its herd: several dispatchers, or loads that are a little out of date, do not all pick the same node.
"""

import random

from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.least_tasks import least_tasks_key
from skalds.planning.strategies.open_nodes import OpenNodes
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


class _BetterOfTwo:
    def __init__(self, pool: Pool, rng: random.Random) -> None:
        self._pool = pool
        self._open = OpenNodes(pool, range(len(pool.nodes)), rng)

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The better of two different nodes, or the only one that has room."""
        first = self._open.draw()
        if first is None:
            return None
        second = self._draw_another(first)
        best = first if second is None else min(first, second, key=self._rank)
        return self._pool.nodes[best]

    def _draw_another(self, first: int) -> int | None:
        """A node with room other than `first`; drawing anew on a repetition leaves all pairs equally likely."""
        while len(self._open) > 1:
            second = self._open.draw()
            if second != first:
                return second
        return None

    def _rank(self, place: int) -> tuple[int, int]:
        return least_tasks_key(self._pool.nodes[place], self._pool.missed_by(place)), place


class PowerOfTwo:
    """Compares two nodes instead of all."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return _BetterOfTwo(pool, rng)
