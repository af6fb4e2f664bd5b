"""WEIGHTED: the node with the smallest share of its slots in use, so that large nodes get more.

A node with unlimited slots has share 0; among several of them fewer live tasks come first. Ties go to fewer missed
labels, then to the smaller id.
"""

import random

from skalds.planning.strategies.lowest_first import LIVE_BITS, MISS_BITS, MOST_LIVE, LowestFirst
from skalds.planning.strategies.share import share_of
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


def _key(node: NodeLoad, missed: int) -> int:
    live = 0 if node.slots else min(node.live_tasks, MOST_LIVE)
    return (share_of(node) << LIVE_BITS | live) << MISS_BITS | missed


class Weighted:
    """Keeps the shares in use even, whatever the sizes of the nodes."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, _key)
