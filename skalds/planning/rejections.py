"""Why lanes wait, told from what a plan came to; a lane costs nothing until somebody asks for its reason.

served to the end of what is shown   nothing
the strategy raised for its task     invalid
no node passes the filters           the filter that came closest
tenant or concurrency key full       that limit
the pool is full                     what its nodes lack, or the share of its tenant
anything else                        nothing: the plan did not come to it
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from skalds.model.plan import CommonReasons, Rejection, Rejections, WaitReason
from skalds.model.snapshot import LaneView
from skalds.planning.order import FairOrder
from skalds.planning.pools import PoolTable
from skalds.planning.waiting_lanes import WaitingLanes

_LIMITS = {reason: Rejection(reason, permanent=False) for reason in (WaitReason.TENANT_LIMIT, WaitReason.KEY_LIMIT)}


class PlanRejections(Rejections):
    """The reasons as they are when a plan has been made, whatever becomes of the order afterwards."""

    def __init__(
        self, lanes: WaitingLanes, table: PoolTable, order: FairOrder, invalid: Mapping[int, Rejection]
    ) -> None:
        self._lanes = lanes
        self._table = table
        self._served = dict(order.served)
        self._invalid = invalid
        self._tenants = frozenset(order.full_tenants)
        self._keys = frozenset(order.full_keys)

    def __getitem__(self, lane_id: int) -> Rejection:
        told = self.of(lane_id)
        if told is None:
            raise KeyError(lane_id)
        return told

    def of(self, lane_id: int) -> Rejection | None:
        lane = self._lanes.views.get(lane_id)
        return None if lane is None else self._tell(lane)

    def __iter__(self) -> Iterator[int]:
        return (lane.id for lane in self._lanes if self._tell(lane) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    @cached_property
    def common(self) -> CommonReasons:
        full = {
            shape: (pool.rejection.reason, not pool.nodes) for shape, pool in self._table.shapes() if not pool.has_room
        }
        return CommonReasons(full, self._tenants, self._keys)

    def may_differ(self, before: CommonReasons) -> Collection[int]:
        lanes, common = self._lanes, self.common
        shapes = {shape for shape in lanes.shapes if common.shapes.get(shape) != before.shapes.get(shape)}
        keys = before.keys ^ common.keys
        apart = {*self._invalid, *self._passed_over()}
        for tenant in before.tenants ^ common.tenants:
            apart.update(lane_id for _, _, lane_id, _ in lanes.line(tenant))
        if shapes or keys:
            apart.update(lane.id for lane in lanes if lane.shape in shapes or lane.key.concurrency_key in keys)
        return apart

    def _passed_over(self) -> Iterator[int]:
        """The lanes that one of a higher rank went before when they were first in their lines."""
        latest = {shape: pool.latest_rank for shape, pool in self._table.shapes() if pool.latest_rank is not None}
        last = max(latest.values(), default=None)
        if last is None:
            return
        for tenant in self._lanes.tenants:
            for rank, _, lane_id, lane in self._lanes.line(tenant):
                if rank >= last:
                    break
                if rank < latest.get(lane.shape, rank):
                    yield lane_id

    def _tell(self, lane: LaneView) -> Rejection | None:
        place = self._served.get(lane.id, 0)
        if place == len(lane.heads):
            return None
        if lane.id in self._invalid:
            return self._invalid[lane.id]
        pool = self._table.of(lane.shape)
        if not pool.nodes:
            return pool.rejection  # told before a limit, which it would not help to raise
        if lane.key.tenant in self._tenants:
            return _LIMITS[WaitReason.TENANT_LIMIT]
        if lane.key.concurrency_key in self._keys:
            return _LIMITS[WaitReason.KEY_LIMIT]
        return None if pool.has_room else pool.without_room(lane.heads[place][0])
