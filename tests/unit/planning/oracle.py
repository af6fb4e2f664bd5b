"""The rules of a pass once more: slow, from scratch at each step, and obviously what the design says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from skalds.model.lane import LaneKey
from skalds.model.plan import Assign
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import KeyView, NodeView, QueuedTask, TenantView
from tests.unit.planning.clusters import NOW, STEP, Backlog


@dataclass(frozen=True)
class Waiting:
    """A task that has not been placed yet, with the lane it stands in."""

    task: QueuedTask
    lane: int
    key: LaneKey


class Oracle:
    """A backlog while a plan for it is followed, placement by placement."""

    def __init__(self, backlog: Backlog) -> None:
        self.backlog = backlog
        self.nodes = {view.id: view for view in backlog.nodes}
        self.tenants = {key.tenant: backlog.tenants.get(key.tenant, TenantView()) for key in backlog.keys.values()}
        self.placed: list[str] = []
        self.placed_keys: Counter[str | None] = Counter()
        self.probed: set[tuple[str, str]] = set()
        self.closed = {number for number, (key, _) in backlog.lanes.items() if not self.can_start(key)}
        asking = {key.tenant for number, (key, _) in backlog.lanes.items() if number not in self.closed}
        views = [self.tenants[name] for name in asking]
        self.fair_use = sum(view.used_slots for view in views) / (sum(view.weight for view in views) or 1)

    # What waits, and which of it comes next ---------------------------------------------------------------------------

    def waiting(self, *, hidden: bool = False) -> Sequence[Waiting]:
        """All visible tasks that have not been placed; with `hidden`, those behind them too."""
        shown = None if hidden else self.backlog.visible
        return [
            Waiting(task, number, key)
            for number, (key, tasks) in self.backlog.lanes.items()
            for task in tasks[:shown]
            if task.id not in self.placed
        ]

    def placeable(self, *, hidden: bool = False) -> Sequence[Waiting]:
        """Those that no limit forbids and some node has room for."""
        return [item for item in self.waiting(hidden=hidden) if self.can_start(item.key)]

    def can_start(self, key: LaneKey) -> bool:
        return not self.is_limited(key) and bool(self.open_nodes(key))

    def next_task(self, *, hidden: bool = False) -> Waiting | None:
        """Each tenant offers its lowest rank; highest band, then smallest weighted use, then lowest rank.

        A lane that cannot start when the pass begins, or when its turn comes, is closed for the pass.
        """
        while True:
            offers: dict[str, Waiting] = {}
            for item in sorted(self.waiting(hidden=hidden), key=lambda item: item.task[:2]):
                if item.lane not in self.closed:
                    offers.setdefault(item.key.tenant, item)
            first = min(offers.values(), key=self._place, default=None)
            if first is None or self.can_start(first.key):
                return first
            self.closed.add(first.lane)

    def _place(self, item: Waiting) -> tuple[int, float, int, str]:
        tenant = self.tenants[item.key.tenant]
        eligible_at = item.task.rank + item.key.priority * STEP
        waited = max(0, NOW - max(eligible_at, tenant.last_start))
        use = tenant.used_slots / tenant.weight
        band = item.key.priority + (waited // STEP if use <= self.fair_use else 0)
        return -band, use, item.task.rank, item.task.id

    def is_limited(self, key: LaneKey) -> bool:
        tenant = self.tenants[key.tenant]
        if tenant.max_running is not None and tenant.running >= tenant.max_running:
            return True
        if key.concurrency_key is None:
            return False
        limit = self.backlog.limits.get(key.concurrency_key, KeyView())
        return limit.running + self.placed_keys[key.concurrency_key] >= limit.limit

    # Which nodes pass and have room -----------------------------------------------------------------------------------

    def open_nodes(self, key: LaneKey) -> list[str]:
        """The nodes that could take a task of `key` now."""
        return [view.id for view in self.nodes.values() if may_take(view, key) and self._has_room(view, key)]

    def _has_room(self, view: NodeView, key: LaneKey) -> bool:
        if key.class_name in view.probing and (view.id, key.class_name) in self.probed:
            return False
        kept = view.reserved.slots if key.priority < view.reserved.priority else 0
        if view.slots and view.used_slots + key.slots > view.slots - kept:
            return False
        return key.resources == NO_RESOURCES or _sum_fits(view.used_resources, key.resources, view.resources)

    # Following a plan -------------------------------------------------------------------------------------------------

    def follow(self, assignments: Sequence[Assign]) -> Iterator[tuple[LaneKey, Assign]]:
        """Yields each placement just before it is made."""
        for assign in assignments:
            key = self.backlog.keys[assign.task_id]
            yield key, assign
            self.place(key, assign)

    def follow_all(self, assignments: Sequence[Assign]) -> None:
        for _ in self.follow(assignments):
            pass

    def place(self, key: LaneKey, assign: Assign) -> None:
        view, tenant = self.nodes[assign.node_id], self.tenants[key.tenant]
        self.placed.append(assign.task_id)
        self.placed_keys[key.concurrency_key] += 1
        self.probed.add((view.id, key.class_name))
        self.nodes[view.id] = replace(
            view,
            live_tasks=view.live_tasks + 1,
            used_slots=view.used_slots + key.slots,
            used_resources=Resources(*map(sum, zip(view.used_resources, key.resources, strict=True))),
        )
        self.tenants[key.tenant] = replace(
            tenant, running=tenant.running + 1, used_slots=tenant.used_slots + (key.slots or 1), last_start=NOW
        )

    def ended_early(self) -> int | None:
        """The lane whose visible tasks are all placed while others stand behind them."""
        for number, (_, tasks) in self.backlog.lanes.items():
            shown = tasks[: self.backlog.visible]
            if len(shown) < len(tasks) and self.placed and self.placed[-1] == shown[-1].id:
                return number
        return None

    def after(self) -> Backlog:
        """The backlog as the next round finds it."""
        limits = {
            name: replace(view, running=view.running + self.placed_keys[name])
            for name in self.placed_keys.keys() | self.backlog.limits.keys()
            if name is not None
            for view in [self.backlog.limits.get(name, KeyView())]
        }
        rest = self.backlog.without(set(self.placed))
        return replace(
            rest, nodes=list(self.nodes.values()), tenants={**self.backlog.tenants, **self.tenants}, limits=limits
        )


def may_take(view: NodeView, key: LaneKey) -> bool:
    """Whether nothing but want of room keeps the node from a task of `key`."""
    if view.mode != "node" or not view.online or view.draining or view.cordoned:
        return False
    kept = view.reserved.slots if key.priority < view.reserved.priority else 0
    return (
        key.class_name in view.classes
        and key.class_name not in view.tripped
        and (key.pinned_to is None or key.pinned_to == view.id)
        and set(key.requires) <= set(view.labels.items())
        and _sum_fits(NO_RESOURCES, key.resources, view.resources)
        and (view.slots == 0 or key.slots <= view.slots - kept)
    )


def _sum_fits(used: Resources, wanted: Resources, offered: Resources) -> bool:
    return all(a + b <= c for a, b, c in zip(used, wanted, offered, strict=True))
