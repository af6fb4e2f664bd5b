"""ROUND_ROBIN: the node whose latest turn lies furthest back; nodes that never had one come first, by id.

Remembering each node's latest turn, instead of a position in a list, keeps the rotation true while nodes come, go
and fill up: with all n nodes eligible, n·k picks give each node k, in whatever batches they are made.
"""

import random
from collections.abc import Sequence

from skalds.planning.strategies.lowest_first import INDEX_BITS, LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker


def _key(node: NodeLoad) -> int:
    return node.turn << INDEX_BITS | node.index


class RoundRobin:
    """Gives every eligible node its turn."""

    def picker(self, nodes: Sequence[NodeLoad], wanted: int, rng: random.Random) -> Picker:
        return LowestFirst(nodes, wanted, _key)
