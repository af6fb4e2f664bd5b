"""The order of dispatch: which task comes next, fairly among tenants.

Each tenant offers its head of lowest rank. Its band is the head's priority, plus, unless the tenant uses more than its
fair share already, one for every ageing step since that became eligible or the tenant's last start, whichever is later.
The highest band comes first; inside a band the tenant that uses least for its weight, then the lower rank. The fair
share is what all waiting tenants together use for their weight: without it, tenants whose tasks run for longer than an
ageing step would age past each other in turn, and weights would fade.

So priorities hold across tenants, and a tenant that got nothing for long rises past any stream of higher priority. Its
first task, of priority p, is level with all of priority 10 when the tenant has waited 10 − p steps for its turn; one
step later at most one start of each other tenant goes before it. Among tenants of one band, weighted use stays within
one task of each other, and nothing is kept free for those who ask for nothing.
The scheme is weighted max-min fairness over live use: always serve the smallest `used / weight`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heapreplace

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, QueuedTask, TenantView

_UNKNOWN_TENANT = TenantView()
_UNKNOWN_KEY = KeyView()


# No two tasks have the same id, so a comparison never gets as far as what follows it.
_Entry = tuple[QueuedTask, LaneView]


class _Line:
    """One tenant: a heap of its lanes by their first tasks, and what it uses while the plan grows."""

    __slots__ = ("lanes", "last_start", "limit", "running", "used", "weight")

    def __init__(self, view: TenantView) -> None:
        self.weight = view.weight
        self.limit = view.max_running
        self.running = view.running
        self.used = view.used_slots
        self.last_start = view.last_start
        self.lanes: list[_Entry] = []


_Place = tuple[int, float, int, str, _Line]


class FairOrder:
    """The tasks of some lanes, one after the other; whoever asks says of each whether it was placed.

    Every step costs by the logarithm of lanes and tenants.
    """

    def __init__(self, snapshot: ClusterSnapshot) -> None:
        self._now = snapshot.now
        self._step = snapshot.ageing_step_ms
        self._tenants = snapshot.tenants
        self._key_views = snapshot.keys
        self._keys = {name: view.running for name, view in snapshot.keys.items()}
        self.full_keys = {name for name, view in snapshot.keys.items() if view.running >= view.limit}
        """Concurrency keys at their limit."""
        self.full_tenants = {
            name
            for name, view in snapshot.tenants.items()
            if view.max_running is not None and view.running >= view.max_running
        }
        """Tenants at their limit of running tasks."""
        self._lines: dict[str, _Line] = {}
        self._served: dict[int, int] = {}
        self._queue: list[_Place] = []
        self._fair_use = 0.0

    def line_up(self, lanes: Iterable[LaneView]) -> None:
        """From now on these lanes are served, each from where it stands, and no others."""
        by_tenant: defaultdict[str, list[_Entry]] = defaultdict(list)
        served = self._served
        for lane in lanes:
            heads = lane.heads
            by_tenant[lane.key[0]].append((heads[served[lane.id]] if lane.id in served else heads[0], lane))
        for tenant in by_tenant.keys() - self._lines.keys():
            self._lines[tenant] = _Line(self._tenants.get(tenant, _UNKNOWN_TENANT))
        for tenant, line in self._lines.items():
            line.lanes = by_tenant.get(tenant, [])
            heapify(line.lanes)
        waiting = [line for line in self._lines.values() if line.lanes]
        self._fair_use = sum(line.used for line in waiting) / (sum(line.weight for line in waiting) or 1)
        self._queue = [self._place_of(line) for line in waiting]
        heapify(self._queue)

    def first(self) -> tuple[LaneView, QueuedTask] | None:
        """The task to try now, or None when all were placed or blocked."""
        if not self._queue:
            return None
        task, lane = self._queue[0][-1].lanes[0]
        return lane, task

    def rest(self) -> Iterator[tuple[LaneView, QueuedTask]]:
        """The first tasks of all lanes that are still in line, in no order."""
        return ((lane, task) for line in self._lines.values() for task, lane in line.lanes)

    def limit_of(self, lane: LaneView) -> WaitReason | None:
        """The limit that forbids a task of `lane` to start now, or None."""
        key = lane.key
        if key.tenant in self.full_tenants:
            return WaitReason.TENANT_LIMIT
        return WaitReason.KEY_LIMIT if key.concurrency_key in self.full_keys else None

    def placed(self) -> bool:
        """The first task was placed; False if its lane holds more that the snapshot does not show."""
        line = self._queue[0][-1]
        lane = line.lanes[0][1]
        self._count(line, lane.key)
        position = self._served.get(lane.id, 0) + 1
        self._served[lane.id] = position
        has_next = position < len(lane.heads)
        if has_next:
            heapreplace(line.lanes, (lane.heads[position], lane))
        else:
            heappop(line.lanes)
        self._requeue(line)
        return has_next or not lane.more

    def block(self) -> None:
        """The lane of the first task is served no more."""
        line = self._queue[0][-1]
        heappop(line.lanes)
        self._requeue(line)

    def _count(self, line: _Line, key: LaneKey) -> None:
        """Takes one more task of a lane into use and limits."""
        line.running += 1
        # A task without slots still takes its turn, or its tenant would never be behind.
        line.used += key.slots or 1
        line.last_start = self._now
        if line.limit is not None and line.running >= line.limit:
            self.full_tenants.add(key.tenant)
        name = key.concurrency_key
        if name is not None:
            self._keys[name] = self._keys.get(name, 0) + 1
            if self._keys[name] >= self._key_views.get(name, _UNKNOWN_KEY).limit:
                self.full_keys.add(name)

    def _requeue(self, line: _Line) -> None:
        """Puts the first tenant where it belongs now."""
        if not line.lanes:
            heappop(self._queue)
        elif len(self._queue) > 1:
            heapreplace(self._queue, self._place_of(line))

    def _place_of(self, line: _Line) -> _Place:
        task, lane = line.lanes[0]
        rank, priority = task[0], lane.key[2]
        use = line.used / line.weight
        band = priority
        if use <= self._fair_use:
            eligible_at = rank + priority * self._step
            waited = self._now - (eligible_at if eligible_at > line.last_start else line.last_start)
            # A clock that was set back must not put a tenant behind all others until it has caught up.
            band += waited // self._step if waited > 0 else 0
        return -band, use, rank, task[1], line
