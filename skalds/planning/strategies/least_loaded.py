"""LEAST_LOADED: the node whose machine is least busy: the larger of CPU and memory in use.

The figure was measured before the pass, so each task placed since counts on top: a slot as 1 ÷ slots, or a task as
1 ÷ CPUs where slots are unlimited. Without that a burst would all go to one node. A node that does not tell its load
is taken for an average one. Ties go to fewer missed labels, then to fewer live tasks, then to the smaller id.
"""

import random
from collections.abc import Iterable
from statistics import fmean

from skalds.planning.strategies.lowest_first import LIVE_BITS, MISS_BITS, MOST_LIVE, Key, LowestFirst
from skalds.planning.strategies.strategy import NodeLoad, Picker, Pool

_WHOLE = 1 << 30
_UNKNOWN = 0.5
_UNKNOWN_CPUS = 8


class LeastLoaded:
    """Goes by what the machines themselves report, for tasks of very different weight."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        return LowestFirst(pool, _key(_average(pool.nodes)))


def _key(average: float) -> Key:
    def key(node: NodeLoad, missed: int) -> int:
        measured = node.view.machine_load
        load = int(_WHOLE * (average if measured is None else _clamped(measured))) + _added(node)
        return (load << MISS_BITS | missed) << LIVE_BITS | min(node.live_tasks, MOST_LIVE)

    return key


def _added(node: NodeLoad) -> int:
    """What the tasks placed in this pass are expected to add; each counts, even one that takes no slot."""
    tasks = node.live_tasks - node.view.live_tasks
    if node.slots:
        return max(tasks, node.used_slots - node.view.used_slots) * _WHOLE // node.slots
    cpus_in_thousandths = node.view.resources.cpu or _UNKNOWN_CPUS * 1000
    return tasks * 1000 * _WHOLE // cpus_in_thousandths


def _average(nodes: Iterable[NodeLoad]) -> float:
    known = [_clamped(node.view.machine_load) for node in nodes if node.view.machine_load is not None]
    return fmean(known) if known else _UNKNOWN


def _clamped(load: float) -> float:
    # In this order a NaN becomes 0 instead of passing through.
    return min(1.0, max(0.0, load))
