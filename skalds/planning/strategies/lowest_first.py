"""Picking the node with the lowest key again and again while keys only grow."""

import heapq
from collections.abc import Callable, Sequence

from skalds.model.resources import NO_RESOURCES
from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.strategy import Demand, NodeLoad, Pool

Key = Callable[[NodeLoad, int], int]
"""A whole number that a placement never lowers, from a node and its missed labels (`Pool.missed_by`)."""

MISS_BITS = 5
"""Bits that a key needs for missed labels: a task prefers 16 at most."""

LIVE_BITS = 24
"""Bits of a key for live tasks where something stands above them."""

MOST_LIVE = (1 << LIVE_BITS) - 1
"""More live tasks than these count as so many."""


class LowestFirst:
    """A heap of nodes by a key that placements can only raise; ties fall to the smaller id.

    The node's place in the pool fills the lowest bits of what the heap holds: plain integers, quick to compare. Other
    pools raise keys behind our back, so an entry may lag; it is corrected when it reaches the top. That is enough: a
    lagging entry is never too high, hence no lower node hides below the top.
    """

    def __init__(self, pool: Pool, key: Key) -> None:
        self._nodes = nodes = pool.nodes
        self._demand = pool.demand
        self._key = key
        self._misses = misses = pool.misses or (0,) * len(nodes)
        self._shift = shift = len(nodes).bit_length()
        # Every placement adds a live task: a node that has as many as when it was keyed still has that key.
        self._live = [node.live_tasks for node in nodes]
        self._most_used = _most_used(nodes, pool.demand)
        self._heap = [key(node, misses[place]) << shift | place for place, node in enumerate(nodes)]
        heapq.heapify(self._heap)

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node with the lowest key that has room."""
        heap, nodes, live, most_used, shift = self._heap, self._nodes, self._live, self._most_used, self._shift
        mask = (1 << shift) - 1
        while heap:
            place = heap[0] & mask
            node = nodes[place]
            if not node.fits(self._demand) if most_used is None else node.used_slots > most_used[place]:
                heapq.heappop(heap)
            elif node.live_tasks == live[place]:
                return node
            else:
                live[place] = node.live_tasks
                heapq.heapreplace(heap, self._key(node, self._misses[place]) << shift | place)
        return None


def _most_used(nodes: Sequence[NodeLoad], demand: Demand) -> Sequence[float] | None:
    """How many slots may be in use for one more task to fit, node by node; None if slots alone do not tell.

    This is `NodeLoad.fits` worked out beforehand for the common case: it saves a call per pick.
    """
    if demand.resources is not NO_RESOURCES or demand.probed_class is not None:
        return None
    return [node.open_slots(demand) - demand.slots if node.slots else float("inf") for node in nodes]
