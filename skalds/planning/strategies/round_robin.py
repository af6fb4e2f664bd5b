"""ROUND_ROBIN: the node whose latest turn lies furthest back.

Nodes that never had a turn come first; among them fewer missed labels decide, then the smaller id. Remembering each
node's latest turn, instead of a position in a list, keeps the rotation true while nodes come, go and fill up: with
all n nodes eligible, n·k picks give each node k, in whatever batches they are made.
"""

import random

from skalds.planning.strategies.lowest_first import MISS_BITS, LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


def _key(node: NodeLoad, missed: int) -> int:
    return node.turn << MISS_BITS | missed


class RoundRobin:
    """Gives every eligible node its turn."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, _key)
