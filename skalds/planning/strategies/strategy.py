"""What a strategy is: a rule that picks one of several nodes that all passed the filters."""

import random
from collections.abc import Sequence
from typing import Protocol

from skalds.model.snapshot import NodeView
from skalds.planning.filters import has_room


class NodeLoad:
    """A node's load while a plan is being made; every placement of the pass moves it, whatever pool it came from.

    `index` is its place among the nodes sorted by id, `turn` the number of the latest pick it got.
    """

    __slots__ = ("id", "index", "live_tasks", "session", "slots", "turn", "used_slots", "view")

    def __init__(self, index: int, view: NodeView) -> None:
        self.index = index
        self.view = view
        self.id = view.id
        self.session = view.session
        self.slots = view.slots
        self.live_tasks = view.live_tasks
        self.used_slots = view.used_slots
        self.turn = view.last_turn

    def fits(self, wanted: int) -> bool:
        """Whether a task of `wanted` slots still has room here."""
        return has_room(self.slots, self.used_slots, wanted)


class Picker(Protocol):
    """Picks nodes for the tasks of one pool: nodes that are equally eligible, for tasks of equal size."""

    def pick(self) -> NodeLoad | None:
        """The node for the next task, or None when no node of the pool has room; the caller then places the task.

        Load only grows during a pass, so a node found full stays full.
        """
        ...


class Strategy(Protocol):
    """A named rule; makes a picker for each pool of a pass."""

    def picker(self, nodes: Sequence[NodeLoad], wanted: int, rng: random.Random) -> Picker:
        """A picker over `nodes`, sorted by id, for tasks of `wanted` slots each."""
        ...
