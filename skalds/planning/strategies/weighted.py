"""WEIGHTED: the node with the smallest share of its slots in use, so that large nodes get more.

A node with unlimited slots has share 0; among several of them fewer live tasks come first. Ties go to fewer missed
labels, then to the smaller id.
"""

import random

from skalds.planning.strategies.lowest_first import MISS_BITS, LowestFirst
from skalds.planning.strategies.share import share_of
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool

_LIVE_BITS = 24
_MOST_LIVE = (1 << _LIVE_BITS) - 1


def _key(node: NodeLoad, missed: int) -> int:
    live = 0 if node.slots else min(node.live_tasks, _MOST_LIVE)
    return (share_of(node) << _LIVE_BITS | live) << MISS_BITS | missed


class Weighted:
    """Keeps the shares in use even, whatever the sizes of the nodes."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, _key)
