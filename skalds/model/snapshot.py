"""`ClusterSnapshot`: all the planner may know, including the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skalds.model.lane import LaneKey


class QueuedTask(NamedTuple):
    """A task at the head of its lane; as a tuple it sorts by rank, then id."""

    rank: int
    id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane with its first tasks in order of rank; `more` says that others wait behind them."""

    id: int
    key: LaneKey
    heads: Sequence[QueuedTask]
    more: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    """A registered node with its load; `last_turn` is the number of the latest pick that ROUND_ROBIN gave it."""

    id: str
    session: int
    classes: frozenset[str]
    slots: int
    mode: str = "node"
    online: bool = True
    draining: bool = False
    live_tasks: int = 0
    used_slots: int = 0
    last_turn: int = 0


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """The nodes and the heads of the lanes at `now` (ms)."""

    now: int
    nodes: Sequence[NodeView]
    lanes: Sequence[LaneView]
