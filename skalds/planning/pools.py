"""Pools: the nodes that may take the tasks of a lane, found once for all lanes that look alike to the filters.

    shape (class, labels, size, priority, pin)  ×  kind of node (all a filter can see)  ──filters──►  pool of nodes

A pass costs by shapes × kinds of nodes, not by lanes × nodes: fleets have many nodes of few kinds, and backlogs many
tasks of few shapes.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from skalds.model.lane import LaneKey
from skalds.model.plan import Rejection, WaitReason
from skalds.model.reserved import Reserved
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import ClusterSnapshot, NodeView, QueuedTask
from skalds.planning.filters import FILTERS, open_slots, rejection
from skalds.planning.strategies.strategy import Demand, NodeLoad, Picker, Pool, Strategy
from skalds.planning.waiting_lanes import WaitingLanes


class _Kind(NamedTuple):
    """All that filters and ties can see of a node, but for its id."""

    classes: frozenset[str]
    mode: str
    online: bool
    closed: bool
    slots: int
    reserved: Reserved
    resources: Resources
    tripped: frozenset[str]
    probing: frozenset[str]
    labels: tuple[str | None, ...]


class OpenPool:
    """A pool during a pass: asks its picker until that finds no room, and knows then why its lanes wait."""

    def __init__(
        self, nodes: Sequence[NodeLoad], demand: Demand, picker: Picker, refused: Mapping[WaitReason, int]
    ) -> None:
        self.nodes = nodes
        self.demand = demand
        self.refused = refused
        self.latest_rank: int | None = None
        """The highest rank that was placed from this pool."""
        self._picker = picker
        self._rejection: Rejection | None = None
        self._shared: Rejection | None = None
        if not any(node.fits(demand) for node in nodes):
            self._rejection = self._refusal()

    @property
    def has_room(self) -> bool:
        """Whether it was not found full yet."""
        return self._rejection is None

    @property
    def rejection(self) -> Rejection:
        """Why the lanes of this pool wait: what its nodes lacked when it was found full."""
        return self._rejection or self._refusal()

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node for `task`, or None from the moment on when none has room."""
        if self._rejection is not None:
            return None
        node = self._picker.pick(task)
        if node is None:
            self._rejection = self._refusal()
        elif self.latest_rank is None or task[0] > self.latest_rank:
            self.latest_rank = task[0]
        return node

    def without_room(self, rank: int) -> Rejection:
        """Why a task of this rank waits: no room; or, if a higher rank got in, that it was another tenant's turn."""
        if self.latest_rank is None or rank >= self.latest_rank:
            return self.rejection
        if self._shared is None:
            self._shared = Rejection(WaitReason.TENANT_SHARE, permanent=False, counts=self.rejection.counts)
        return self._shared

    def _refusal(self) -> Rejection:
        return rejection(self.refused, Counter(lacking(node, self.demand) for node in self.nodes))


class PoolTable:
    """The pools of one pass over one snapshot."""

    def __init__(self, snapshot: ClusterSnapshot, strategy: Strategy, rng: random.Random) -> None:
        views = sorted(snapshot.nodes, key=attrgetter("id"))
        self.loads = [NodeLoad(index, view) for index, view in enumerate(views)]
        self._strategy = strategy
        self._rng = rng
        self._spread_label = snapshot.spread_label
        self._shapes = WaitingLanes.of(snapshot.lanes).shapes
        self._label_names = _label_names(shape.key for shape in self._shapes.values())
        self._groups = self._group()
        """The nodes kind by kind."""
        self._by_shape: dict[str, OpenPool] = {}
        self._by_members: dict[tuple[object, ...], OpenPool] = {}

    def of(self, shape: str) -> OpenPool:
        """The pool of the lanes of this shape."""
        pool = self._by_shape.get(shape)
        if pool is None:
            pool = self._by_shape[shape] = self._form(self._shapes[shape].key)
        return pool

    def shapes(self) -> Iterator[tuple[str, OpenPool]]:
        """All shapes with their pools."""
        return ((shape, self.of(shape)) for shape in self._shapes)

    @property
    def has_room(self) -> bool:
        """Whether any pool was not found full yet."""
        return any(pool.has_room for pool in self._by_members.values())

    def _group(self) -> Sequence[Sequence[NodeLoad]]:
        kinds: dict[_Kind, list[NodeLoad]] = {}
        for load in self.loads:
            kinds.setdefault(_kind_of(load.view, self._label_names), []).append(load)
        return list(kinds.values())

    def _form(self, key: LaneKey) -> OpenPool:
        groups = self._groups if key.pinned_to is None else [[load] for load in self.loads]
        passed, refused = _sift(groups, key)
        views = [group[0].view for group in passed]
        probed = any(key.class_name in view.probing for view in views)
        demand = Demand(
            key.slots,
            key.resources if any(key.resources) else NO_RESOURCES,
            _telling_priority(key.priority, views),
            key.class_name if probed else None,
        )
        members = (
            tuple(group[0].index for group in passed),
            key.pinned_to,
            demand,
            key.prefers,
            tuple(refused.items()),
        )
        if members not in self._by_members:
            self._by_members[members] = self._open(passed, demand, key, refused)
        return self._by_members[members]

    def _open(
        self, groups: Sequence[Sequence[NodeLoad]], demand: Demand, key: LaneKey, refused: Mapping[WaitReason, int]
    ) -> OpenPool:
        nodes = groups[0] if len(groups) == 1 else sorted((n for g in groups for n in g), key=attrgetter("index"))
        misses = [_misses(node.view, key) for node in nodes] if key.prefers else ()
        picker = self._strategy.picker(Pool(nodes, demand, misses, self._spread_label), self._rng)
        return OpenPool(nodes, demand, picker, refused)


def _sift(
    groups: Sequence[Sequence[NodeLoad]], key: LaneKey
) -> tuple[Sequence[Sequence[NodeLoad]], Mapping[WaitReason, int]]:
    """The groups of nodes that pass all filters, and how many nodes failed each filter first."""
    refused: dict[WaitReason, int] = {}
    for reason, passes in FILTERS:
        passed = [group for group in groups if passes(group[0].view, key)]
        if len(passed) < len(groups):
            refused[reason] = sum(map(len, groups)) - sum(map(len, passed))
        groups = passed
    return groups, refused


def lacking(node: NodeLoad, demand: Demand) -> WaitReason:
    """What a node without room for `demand` lacks."""
    if node.slots and node.used_slots + demand.slots > open_slots(node.view, demand.priority):
        return WaitReason.NO_FREE_SLOT
    if not node.used_resources.plus(demand.resources).fits_in(node.view.resources):
        return WaitReason.RESOURCES
    return WaitReason.NODE_BREAKER if demand.probed_class in node.probed else WaitReason.NO_FREE_SLOT


def _label_names(keys: Iterable[LaneKey]) -> Sequence[str]:
    """The labels that any of the lanes looks at; no other can make a difference."""
    return sorted({name for key in keys for pairs in (key.requires, key.prefers) for name, _ in pairs})


def _kind_of(view: NodeView, label_names: Sequence[str]) -> _Kind:
    return _Kind(
        view.classes,
        view.mode,
        view.online,
        view.draining or view.cordoned,
        view.slots,
        view.reserved,
        view.resources,
        view.tripped,
        view.probing,
        tuple(map(view.labels.get, label_names)) if label_names else (),
    )


def _telling_priority(priority: int, views: Iterable[NodeView]) -> int:
    """The lowest priority to which these nodes are as open as to `priority`, so that more lanes share a pool."""
    reserved = (view.reserved for view in views if view.reserved.slots)
    return max((rule.priority for rule in reserved if rule.priority <= priority), default=0)


def _misses(view: NodeView, key: LaneKey) -> int:
    return sum(view.labels.get(name) != value for name, value in key.prefers)
