"""SPREAD: the value of a label with the fewest live tasks, and there the node with the fewest.

    spread over `zone`:   north 7 tasks · south 4 tasks · no zone 5 tasks   ──►   south, the node with the fewest

Counted are the live tasks of the pool's nodes. Nodes without the label have the value "" together; without a label to
spread over there is but this one, and SPREAD is LEAST_TASKS. Ties between values go to the one whose best node misses
fewer labels, then by the value's text; inside a value they are those of LEAST_TASKS.
"""

import heapq
import random
from collections.abc import Mapping, Sequence

from skalds.model.snapshot import QueuedTask
from skalds.planning.strategies.least_tasks import least_tasks_key
from skalds.planning.strategies.lowest_first import LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool


class _Group:
    """The nodes of a pool with one value of the label."""

    def __init__(self, pool: Pool, places: Sequence[int]) -> None:
        self.nodes = [pool.nodes[place] for place in places]
        misses = [pool.missed_by(place) for place in places]
        self.fewest_misses = min(misses)
        self.live_tasks = sum(node.live_tasks for node in self.nodes)
        self.picker = LowestFirst(Pool(self.nodes, pool.demand, misses), least_tasks_key)


class _EvenValues:
    """A heap of groups by live tasks; these only grow, so an entry that lags is corrected when it reaches the top."""

    def __init__(self, pool: Pool) -> None:
        by_value = _places_by_value(pool)
        self._groups = [_Group(pool, by_value[value]) for value in sorted(by_value)]
        self._homes = {node.index: (node, group) for group in self._groups for node in group.nodes}
        self._counted = {node.index: node.live_tasks for node in pool.nodes}
        self._heap = [(group.live_tasks, group.fewest_misses, number) for number, group in enumerate(self._groups)]
        heapq.heapify(self._heap)
        self._moved: set[int] = set()
        for node in pool.nodes:
            node.note_moves(self._moved)

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node with the fewest tasks in the first group that has room."""
        self._follow_moves()
        heap = self._heap
        while heap:
            live_tasks, misses, number = heap[0]
            group = self._groups[number]
            if live_tasks != group.live_tasks:
                heapq.heapreplace(heap, (group.live_tasks, misses, number))
                continue
            node = group.picker.pick(task)
            if node is not None:
                return node
            heapq.heappop(heap)
        return None

    def _follow_moves(self) -> None:
        """Counts what was placed since the last pick, whatever pool it came from."""
        for index in self._moved:
            node, group = self._homes[index]
            group.live_tasks += node.live_tasks - self._counted[index]
            self._counted[index] = node.live_tasks
        self._moved.clear()


class Spread:
    """Keeps the number of live tasks even across the values of a label, such as zones or racks."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return _EvenValues(pool)


def _places_by_value(pool: Pool) -> Mapping[str, Sequence[int]]:
    places: dict[str, list[int]] = {}
    for place, node in enumerate(pool.nodes):
        places.setdefault(node.view.labels.get(pool.spread_label, ""), []).append(place)
    return places
