"""LEAST_TASKS: the node with the fewest live tasks.

Ties go to fewer missed labels, then to the smaller share of slots in use, then to the smaller id.
"""

import random

from skalds.planning.strategies.lowest_first import MISS_BITS, LowestFirst
from skalds.planning.strategies.share import SHARE_BITS, share_of
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


def least_tasks_key(node: NodeLoad, missed: int) -> int:
    """Live tasks, then missed labels, then share in use."""
    return (node.live_tasks << MISS_BITS | missed) << SHARE_BITS | share_of(node)


class LeastTasks:
    """Keeps the number of live tasks even across nodes that have room."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, least_tasks_key)
