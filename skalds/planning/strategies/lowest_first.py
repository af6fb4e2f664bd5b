"""Picking the node with the lowest key again and again while keys only grow."""

import heapq
from collections.abc import Callable, Sequence

from skalds.planning.strategies.strategy import NodeLoad

INDEX_BITS = 20
"""A key carries the node's index in its lowest bits: ties fall to the smaller id, and the heap holds plain integers."""

_INDEX_MASK = (1 << INDEX_BITS) - 1


class LowestFirst:
    """A heap of nodes by an integer key that placements can only raise; `key` carries the index in `INDEX_BITS`.

    Other pools raise keys behind our back, so an entry may lag; it is corrected when it reaches the top. That is
    enough: a lagging entry is never too high, hence no lower node hides below the top.
    """

    def __init__(self, nodes: Sequence[NodeLoad], wanted: int, key: Callable[[NodeLoad], int]) -> None:
        self._wanted = wanted
        self._key = key
        self._nodes = {node.index: node for node in nodes}
        self._heap = [key(node) for node in nodes]
        heapq.heapify(self._heap)

    def pick(self) -> NodeLoad | None:
        """The node with the lowest key that has room."""
        heap, key = self._heap, self._key
        while heap:
            noted = heap[0]
            node = self._nodes[noted & _INDEX_MASK]
            if node.slots and node.used_slots + self._wanted > node.slots:
                heapq.heappop(heap)
                continue
            current = key(node)
            if current == noted:
                return node
            heapq.heapreplace(heap, current)
        return None
