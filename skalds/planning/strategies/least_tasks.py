"""LEAST_TASKS: the node with the fewest live tasks; ties go to the smaller share in use, then to the smaller id."""

import random
from collections.abc import Sequence

from skalds.planning.strategies.lowest_first import INDEX_BITS, LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker

_SHARE_BITS = 20
_WHOLE = (1 << _SHARE_BITS) - 1


def _key(node: NodeLoad) -> int:
    share = min(_WHOLE, node.used_slots * _WHOLE // node.slots) if node.slots else 0
    return (node.live_tasks << _SHARE_BITS | share) << INDEX_BITS | node.index


class LeastTasks:
    """Keeps the number of live tasks even across nodes that have room."""

    def picker(self, nodes: Sequence[NodeLoad], wanted: int, rng: random.Random) -> Picker:
        return LowestFirst(nodes, wanted, _key)
