"""What a strategy is: a rule that picks one of several nodes that all passed the filters.

The planner forms pools: nodes that are equally eligible for tasks that ask for the same. Each pool has one picker.
Placements of all pools move the same `NodeLoad`s, so a picker sees what the others did.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import NodeView, QueuedTask
from skalds.planning.filters import open_slots


class Demand(NamedTuple):
    """What each task of a pool takes. `probed_class` is its class if some node may take only one task of it."""

    slots: int = 1
    resources: Resources = NO_RESOURCES
    priority: int = 0
    probed_class: str | None = None


class NodeLoad:
    """A node's load while a plan is being made; every placement of the pass moves it, whatever pool it came from.

    `index` is its place among the nodes sorted by id, `turn` the number of the latest pick it got.
    """

    __slots__ = (
        "_moves",
        "id",
        "index",
        "live_tasks",
        "probed",
        "session",
        "slots",
        "turn",
        "used_resources",
        "used_slots",
        "view",
    )

    def __init__(self, index: int, view: NodeView) -> None:
        self.index = index
        self.view = view
        self.id = view.id
        self.session = view.session
        self.slots = view.slots
        self.live_tasks = view.live_tasks
        self.used_slots = view.used_slots
        self.used_resources = view.used_resources
        self.turn = view.last_turn
        self.probed: frozenset[str] = frozenset()
        self._moves: tuple[set[int], ...] = ()

    def fits(self, demand: Demand) -> bool:
        """Whether one more task of `demand` has room here. What does not fit now does not fit later in the pass."""
        if self.slots and self.used_slots + demand.slots > self.open_slots(demand):
            return False
        if demand.resources is not NO_RESOURCES and not self._offers(demand.resources):
            return False
        return demand.probed_class is None or demand.probed_class not in self.probed

    def open_slots(self, demand: Demand) -> int:
        """The slots that tasks of this priority may take in all, where slots are counted."""
        return open_slots(self.view, demand.priority)

    def place(self, demand: Demand, turn: int) -> None:
        """Takes one task of `demand`."""
        self.turn = turn
        self.live_tasks += 1
        self.used_slots += demand.slots
        if demand.resources is not NO_RESOURCES:
            self.used_resources = self.used_resources.plus(demand.resources)
        if demand.probed_class is not None and demand.probed_class in self.view.probing:
            self.probed |= {demand.probed_class}
        for moves in self._moves:
            moves.add(self.index)

    def note_moves(self, moves: set[int]) -> None:
        """From now on every placement adds `index` to `moves`, for rules whose keys do not only grow."""
        self._moves += (moves,)

    def _offers(self, wanted: Resources) -> bool:
        cpu, memory, gpu = self.used_resources
        has_cpu, has_memory, has_gpu = self.view.resources
        # Written out, because it runs for every node a task with resources is held against.
        return cpu + wanted[0] <= has_cpu and memory + wanted[1] <= has_memory and gpu + wanted[2] <= has_gpu


@dataclass(frozen=True, slots=True)
class Pool:
    """Equally eligible nodes, sorted by id, for tasks of one demand.

    `misses` says for each of the nodes how many of the labels that the tasks prefer it lacks; empty if they prefer
    none. `spread_label` is the label over whose values SPREAD spreads.
    """

    nodes: Sequence[NodeLoad]
    demand: Demand
    misses: Sequence[int] = ()
    spread_label: str = ""

    def missed_by(self, place: int) -> int:
        """How many of the preferred labels the node at `place` lacks; ties between nodes go to fewer."""
        return self.misses[place] if self.misses else 0


class Picker(Protocol):
    """Picks nodes for the tasks of one pool."""

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node for `task`, or None when no node of the pool has room; the caller then places the task.

        Load only grows during a pass, so a node found full stays full.
        """
        ...


class Strategy(Protocol):
    """A named rule; makes a picker for each pool of a pass."""

    def picker(self, pool: Pool, rng: random.Random) -> Picker:
        """A picker over the pool's nodes. All chance comes from `rng`, so that a seed repeats the placement."""
        ...
