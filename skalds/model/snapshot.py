"""`ClusterSnapshot`: all the planner may know, including the time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from skalds.model.lane import LaneKey
from skalds.model.policy import DEFAULT_KEY_LIMIT
from skalds.model.reserved import NOTHING_RESERVED, Reserved
from skalds.model.resources import NO_RESOURCES, Resources


class QueuedTask(NamedTuple):
    """A task at the head of its lane; as a tuple it sorts by rank, then id. `affinity` is its affinity key."""

    rank: int
    id: str
    attempt: int
    affinity: str | None = None


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane with its first tasks in order of rank; `more` says that others wait behind them.

    `shape` is `key.shape`, worked out once by whoever keeps views from pass to pass.
    """

    id: int
    key: LaneKey
    heads: Sequence[QueuedTask]
    more: bool = False
    shape: str = ""

    def __post_init__(self) -> None:
        if not self.shape:
            object.__setattr__(self, "shape", self.key.shape)


@dataclass(frozen=True, slots=True)
class NodeView:
    """A registered node with its load.

    `slots` 0 means unlimited; `resources` is what the node offers, `used_resources` what its runs take. `tripped`:
    classes whose breaker is open here; `probing`: those of which one task may be tried. `machine_load`: the larger of
    CPU and memory in use, from 0 to 1, or None if the node does not tell. `last_turn`: number of its latest pick.
    """

    id: str
    session: int
    classes: frozenset[str]
    slots: int
    mode: str = "node"
    online: bool = True
    draining: bool = False
    cordoned: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = NO_RESOURCES
    reserved: Reserved = NOTHING_RESERVED
    tripped: frozenset[str] = frozenset()
    probing: frozenset[str] = frozenset()
    live_tasks: int = 0
    used_slots: int = 0
    used_resources: Resources = NO_RESOURCES
    machine_load: float | None = None
    last_turn: int = 0


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant's share and use: `running` tasks with `used_slots`, the latest of them started at `last_start` (ms)."""

    weight: float = 1.0
    max_running: int | None = None
    running: int = 0
    used_slots: int = 0
    last_start: int = 0


@dataclass(frozen=True, slots=True)
class KeyView:
    """How many tasks of a concurrency key may run at once, and how many do."""

    limit: int = DEFAULT_KEY_LIMIT
    running: int = 0


@dataclass(frozen=True, slots=True)
class PreemptibleRun:
    """A run that may be drained for an urgent task; `leaving_for` is the task for which it is being drained already."""

    task_id: str
    attempt: int
    node_id: str
    priority: int
    slots: int
    resources: Resources = NO_RESOURCES
    leaving_for: str | None = None


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """The nodes and the heads of the lanes at `now` (ms), with what limits and shares look at.

    Tenants and concurrency keys that are not named have the defaults and use nothing.
    """

    now: int
    nodes: Sequence[NodeView]
    lanes: Collection[LaneView]
    tenants: Mapping[str, TenantView] = field(default_factory=dict)
    keys: Mapping[str, KeyView] = field(default_factory=dict)
    preemptible: Sequence[PreemptibleRun] = ()
    ageing_step_ms: int = 60_000
    spread_label: str = ""
