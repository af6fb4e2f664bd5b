"""BIN_PACK: the fullest node that has room, so that whole nodes stay free for wide tasks or can be switched off.

Full is the share of slots in use. Ties go to fewer missed labels, then to more live tasks (which tells nodes with
unlimited slots apart), then to the smaller id.
"""

import heapq
import random

from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.lowest_first import LIVE_BITS, MISS_BITS, MOST_LIVE
from skalds.planning.strategies.share import SHARE_BITS, share_of
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


class _FullestFirst:
    """A heap of nodes by a key that falls with each placement.

    An entry that is too high would hide its node, so every node that moved, whichever pool moved it, is pushed again
    before the next pick. The entry it had is recognised by its key and dropped when it reaches the top: each move
    costs one push and one pop.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._shift = len(pool.nodes).bit_length()
        self._place_of = {node.index: place for place, node in enumerate(pool.nodes)}
        self._keys = [self._key(place) for place in range(len(pool.nodes))]
        self._heap = self._keys.copy()
        heapq.heapify(self._heap)
        self._moved: set[int] = set()
        for node in pool.nodes:
            node.note_moves(self._moved)

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The fullest node that has room."""
        self._follow_moves()
        heap, nodes, mask = self._heap, self._pool.nodes, (1 << self._shift) - 1
        while heap:
            place = heap[0] & mask
            if heap[0] == self._keys[place] and nodes[place].fits(self._pool.demand):
                return nodes[place]
            heapq.heappop(heap)
        return None

    def _follow_moves(self) -> None:
        for index in self._moved:
            place = self._place_of[index]
            key = self._key(place)
            if key != self._keys[place]:
                self._keys[place] = key
                heapq.heappush(self._heap, key)
        self._moved.clear()

    def _key(self, place: int) -> int:
        node = self._pool.nodes[place]
        free = (1 << SHARE_BITS) - share_of(node)
        idle = MOST_LIVE - min(node.live_tasks, MOST_LIVE)
        return ((free << MISS_BITS | self._pool.missed_by(place)) << LIVE_BITS | idle) << self._shift | place


class BinPack:
    """Fills one node before it begins another."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return _FullestFirst(pool)
