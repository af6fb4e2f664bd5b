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
from collections.abc import Callable, Collection, Iterator, Mapping
from heapq import heapify, heappop, heappush, heapreplace

from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, QueuedTask, TenantView
from skalds.planning.waiting_lanes import Standing, WaitingLanes, standing

_UNKNOWN_TENANT = TenantView()
_UNKNOWN_KEY = KeyView()


class _Line:
    """One tenant: a heap of its lanes by their first tasks, and what it uses while the plan grows.

    Lanes are opened from the front of the line. The nearest of those that were not served yet is always in the heap,
    so the first of the heap is the first of all, and lanes further back are not even looked at.
    """

    __slots__ = ("ahead", "lanes", "last_start", "limit", "nearest", "running", "used", "weight")

    def __init__(self, view: TenantView) -> None:
        self.weight = view.weight
        self.limit = view.max_running
        self.running = view.running
        self.used = view.used_slots
        self.last_start = view.last_start
        self.lanes: list[Standing] = []
        self.ahead: Iterator[Standing] = iter(())
        self.nearest: Standing | None = None

    def line_up(self, opened: list[Standing], ahead: Iterator[Standing]) -> None:
        """From now on these lanes are served: some that were opened before, and those `ahead`, in order."""
        self.lanes = opened
        heapify(self.lanes)
        self.ahead = ahead
        self._open_next()

    def advance(self, then: Standing | None) -> None:
        """The first lane stands elsewhere now, or (None) is served no more."""
        first = self.lanes[0]
        if then is None:
            heappop(self.lanes)
        else:
            heapreplace(self.lanes, then)
        if first is self.nearest:
            self._open_next()

    def leave(self) -> None:
        """No lane of this line is served any more."""
        self.lanes, self.ahead = [], iter(())

    def _open_next(self) -> None:
        self.nearest = next(self.ahead, None)
        if self.nearest is not None:
            heappush(self.lanes, self.nearest)


_Place = tuple[int, float, int, str, _Line]


class FairOrder:
    """The tasks of some lanes, one after the other; whoever asks says of each whether it was placed.

    Every step costs by the logarithm of tenants and of the lanes that were opened; it does not matter how many wait.
    """

    def __init__(self, snapshot: ClusterSnapshot) -> None:
        self._now = snapshot.now
        self._step = snapshot.ageing_step_ms
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
        self._waiting = WaitingLanes.of(snapshot.lanes)
        self._lines = {tenant: _Line(snapshot.tenants.get(tenant, _UNKNOWN_TENANT)) for tenant in self._waiting.tenants}
        self.served: dict[int, int] = {}
        """How many tasks were placed, lane by lane."""
        self._queue: list[_Place] = []
        self._fair_use = 0.0

    def line_up(self, may_start: Callable[[LaneView], bool], without: Collection[str] = ()) -> None:
        """From now on the lanes that `may_start`, none of the tenants `without`, are served, each from where it stands.

        A lane is asked for when the lanes before it are served, so the answer must not change.
        """
        opened = self._opened(may_start)
        for tenant, line in self._lines.items():
            if tenant in without:
                line.leave()
            else:
                line.line_up(opened.get(tenant, []), self._ahead(tenant, may_start))
        waiting = [line for line in self._lines.values() if line.lanes]
        self._fair_use = sum(line.used for line in waiting) / (sum(line.weight for line in waiting) or 1)
        self._queue = [self._place_of(line) for line in waiting]
        heapify(self._queue)

    def first(self) -> tuple[LaneView, QueuedTask] | None:
        """The task to try now, or None when all were placed or blocked."""
        if not self._queue:
            return None
        lane = self._queue[0][-1].lanes[0][3]
        return lane, lane.heads[self.served.get(lane.id, 0)]

    def limit_of(self, lane: LaneView) -> WaitReason | None:
        """The limit that forbids a task of `lane` to start now, or None."""
        key = lane.key
        if key.tenant in self.full_tenants:
            return WaitReason.TENANT_LIMIT
        return WaitReason.KEY_LIMIT if key.concurrency_key in self.full_keys else None

    def placed(self) -> bool:
        """The first task was placed; False if its lane holds more that the snapshot does not show."""
        line = self._queue[0][-1]
        lane = line.lanes[0][3]
        self._count(line, lane.key)
        place = self.served[lane.id] = self.served.get(lane.id, 0) + 1
        has_next = place < len(lane.heads)
        line.advance(standing(lane, place) if has_next else None)
        self._requeue(line)
        return has_next or not lane.more

    def block(self) -> None:
        """The lane of the first task is served no more."""
        line = self._queue[0][-1]
        line.advance(None)
        self._requeue(line)

    def block_tenant(self) -> None:
        """No lane of the first task's tenant is served any more."""
        line = self._queue[0][-1]
        line.leave()
        self._requeue(line)

    def _opened(self, may_start: Callable[[LaneView], bool]) -> Mapping[str, list[Standing]]:
        """The lanes by tenant of which tasks were placed already, if there are others that may start."""
        opened: defaultdict[str, list[Standing]] = defaultdict(list)
        for lane_id, place in self.served.items():
            lane = self._waiting.views[lane_id]
            if place < len(lane.heads) and may_start(lane):
                opened[lane.key.tenant].append(standing(lane, place))
        return opened

    def _ahead(self, tenant: str, may_start: Callable[[LaneView], bool]) -> Iterator[Standing]:
        """The other lanes of a tenant that may start, in order."""
        served = self.served
        return (one for one in self._waiting.line(tenant) if one[2] not in served and may_start(one[3]))

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
        rank, task_id, _, lane = line.lanes[0]
        priority = lane.key[2]
        use = line.used / line.weight
        band = priority
        if use <= self._fair_use:
            eligible_at = rank + priority * self._step
            waited = self._now - (eligible_at if eligible_at > line.last_start else line.last_start)
            # A clock that was set back must not put a tenant behind all others until it has caught up.
            band += waited // self._step if waited > 0 else 0
        return -band, use, rank, task_id, line
