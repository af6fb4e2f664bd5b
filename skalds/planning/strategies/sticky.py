"""STICKY: the same node for tasks of the same affinity key, as long as it is there and has room.

Rendezvous hashing: key and node give a score, and the highest score with room wins. A node that leaves takes only its
own keys with it, one that joins takes its part from all alike, and nobody has to remember who had what. Tasks without
a key go to the node with the fewest live tasks, as with LEAST_TASKS.
"""

import random
from hashlib import blake2b

from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.least_tasks import least_tasks_key
from skalds.planning.strategies.lowest_first import LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool

_MASK = (1 << 64) - 1
_ODD = 0x9E3779B97F4A7C15
# Multiplying by 2⁶⁴ ÷ golden ratio carries every bit of key and node into the high bits, which decide. Both are well
# mixed before, so one step is enough; it is done for each node, and a full mixer would take five times as long.


def _mixed(text: str) -> int:
    # Text from outside may hold lone surrogates, which plain UTF-8 refuses.
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


class _HighestScore:
    """Scores all nodes once for each key; a task of a known key costs a look-up."""

    def __init__(self, pool: Pool) -> None:
        self._demand = pool.demand
        self._without_key = LowestFirst(pool, least_tasks_key)
        self._nodes = list(pool.nodes)
        self._seeds: list[int] | None = None
        self._known: dict[str, NodeLoad] = {}

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node of the task's key: what scored highest with room still does while it has room."""
        if task.affinity is None:
            return self._without_key.pick(task)
        known = self._known.get(task.affinity)
        if known is not None and known.fits(self._demand):
            return known
        node = self._find(task.affinity)
        if node is not None:
            self._known[task.affinity] = node
        return node

    def _find(self, affinity: str) -> NodeLoad | None:
        if self._seeds is None:
            self._seeds = [_mixed(node.id) for node in self._nodes]
        nodes, seeds, mixed = self._nodes, self._seeds, _mixed(affinity)
        scores = [(mixed ^ seed) * _ODD & _MASK for seed in seeds]
        while scores:
            place = scores.index(max(scores))
            if nodes[place].fits(self._demand):
                return nodes[place]
            # Full for the rest of the pass, so no later key needs to score it.
            for column in (nodes, seeds, scores):
                del column[place]
        return None


class Sticky:
    """Keeps what belongs together on one node, for caches and files it has already."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return _HighestScore(pool)
