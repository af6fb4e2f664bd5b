"""Pools: the nodes that may take the tasks of a lane, found once for all lanes that look alike to the filters.

    shape (class, labels, size, priority, pin)  ×  kind of node (all a filter can see)  ──filters──►  pool of nodes

A pass costs by shapes × kinds of nodes, not by lanes × nodes: fleets have many nodes of few kinds, and backlogs many
tasks of few shapes.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from skalds.model.lane import LaneKey
from skalds.model.plan import Rejection, WaitReason
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, QueuedTask, Reserved
from skalds.planning.filters import open_slots, refusal, rejection
from skalds.planning.strategies.strategy import Demand, NodeLoad, Picker, Pool, Strategy


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


@dataclass(slots=True)
class OpenPool:
    """A pool during a pass: asks its picker until that finds no room, and knows then why its lanes wait."""

    nodes: Sequence[NodeLoad]
    demand: Demand
    picker: Picker
    refused: Mapping[WaitReason, int]
    has_room: bool = True
    latest_rank: int | None = None
    """The highest rank that was placed from this pool."""
    _rejection: Rejection | None = field(default=None, repr=False)
    _shared: Rejection | None = field(default=None, repr=False)

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        """The node for `task`, or None from the moment on when none has room."""
        node = self.picker.pick(task) if self.has_room else None
        if node is None:
            self.has_room = False
        elif self.latest_rank is None or task[0] > self.latest_rank:
            self.latest_rank = task[0]
        return node

    @property
    def rejection(self) -> Rejection:
        """Why the lanes of this pool wait, once it has no room."""
        if self._rejection is None:
            self._rejection = rejection(self.refused, Counter(lacking(node, self.demand) for node in self.nodes))
        return self._rejection

    def without_room(self, rank: int) -> Rejection:
        """Why a task of this rank waits: no room; or, if a higher rank got in, that it was another tenant's turn."""
        if self.latest_rank is None or rank >= self.latest_rank:
            return self.rejection
        if self._shared is None:
            self._shared = Rejection(WaitReason.TENANT_SHARE, permanent=False, counts=self.rejection.counts)
        return self._shared


class PoolTable:
    """The pools of one pass over one snapshot."""

    def __init__(self, snapshot: ClusterSnapshot, strategy: Strategy, rng: random.Random) -> None:
        views = sorted(snapshot.nodes, key=attrgetter("id"))
        self.loads = [NodeLoad(index, view) for index, view in enumerate(views)]
        self._strategy = strategy
        self._rng = rng
        self._spread_label = snapshot.spread_label
        self._lanes: defaultdict[str, list[LaneView]] = defaultdict(list)
        for lane in snapshot.lanes:
            if lane.heads:
                self._lanes[lane.shape].append(lane)
        self._label_names = _label_names(lanes[0].key for lanes in self._lanes.values())
        self._kinds = self._group()
        self._by_shape: dict[str, OpenPool] = {}
        self._by_members: dict[tuple[object, ...], OpenPool] = {}

    def of(self, lane: LaneView) -> OpenPool:
        """The pool of a lane."""
        pool = self._by_shape.get(lane.shape)
        if pool is None:
            pool = self._by_shape[lane.shape] = self._form(lane.key)
        return pool

    def shapes(self) -> Iterator[tuple[OpenPool, Sequence[LaneView]]]:
        """The lanes that have tasks, shape by shape, with their pool."""
        return ((self.of(lanes[0]), lanes) for lanes in self._lanes.values())

    @property
    def has_room(self) -> bool:
        """Whether any pool is not known to be full."""
        return any(pool.has_room for pool in self._by_members.values())

    def _group(self) -> Mapping[_Kind, list[NodeLoad]]:
        kinds: dict[_Kind, list[NodeLoad]] = {}
        for load in self.loads:
            kinds.setdefault(_kind_of(load.view, self._label_names), []).append(load)
        return kinds

    def _form(self, key: LaneKey) -> OpenPool:
        groups = list(self._kinds.values()) if key.pinned_to is None else [[load] for load in self.loads]
        refused: Counter[WaitReason] = Counter()
        passed: list[list[NodeLoad]] = []
        for group in groups:
            reason = refusal(group[0].view, key)
            if reason is None:
                passed.append(group)
            else:
                refused[reason] += len(group)
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
        return OpenPool(nodes, demand, picker, refused, any(node.fits(demand) for node in nodes))


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
