"""`plan_dispatch`: waiting tasks to nodes.

    filters   per shape of lane and kind of node: which nodes may take the tasks at all        (`pools.py`)
    order     which task comes next: bands, fair shares of tenants, rank; limits               (`order.py`)
    strategy  which of the nodes of its pool that still have room                              (`strategies/`)
    preempt   for urgent tasks without room: which preemptible run makes place                 (`preemption.py`)

A pass costs by tasks placed, plus a little for each lane and node known; never by the backlog behind the heads.
"""

import random
from collections.abc import Mapping, Sequence

from skalds.model.plan import Assign, DispatchPlan, Rejection, WaitReason
from skalds.model.snapshot import ClusterSnapshot, LaneView, QueuedTask
from skalds.planning.order import FairOrder
from skalds.planning.pools import OpenPool, PoolTable
from skalds.planning.preemption import plan_preemptions
from skalds.planning.strategies.strategy import NodeLoad, Strategy

_LIMITS = {reason: Rejection(reason, permanent=False) for reason in (WaitReason.TENANT_LIMIT, WaitReason.KEY_LIMIT)}


def plan_dispatch(snapshot: ClusterSnapshot, strategy: Strategy, rng: random.Random) -> DispatchPlan:
    """Decides which of the snapshot's tasks start now, and where.

    A task that no node has room for closes its lane for this pass and holds up no other. The same snapshot, strategy
    and state of `rng` always give the same plan. When the last known task of a lane that holds more has been placed,
    the plan ends: the lane's next one may be due before all others.
    """
    table = PoolTable(snapshot, strategy, rng)
    order = FairOrder(snapshot)
    rejections: dict[int, Rejection] = {}
    order.line_up(_startable(table, order, rejections))
    assignments, horizon = _place_all(order, table, rejections, max((load.turn for load in table.loads), default=0))
    turns = {load.id: load.turn for load in table.loads if load.turn != load.view.last_turn}
    preemptions = plan_preemptions(snapshot, table.loads, order, rejections)
    return DispatchPlan(assignments, rejections, turns, horizon, preemptions)


def _startable(table: PoolTable, order: FairOrder, rejections: dict[int, Rejection]) -> Sequence[LaneView]:
    """The lanes of which a task could start; adds the others to `rejections`.

    What cannot start must not stand for its tenant in the order, or it would hide what can.
    """
    startable: list[LaneView] = []
    for pool, lanes in table.shapes():
        if not pool.nodes:
            # Told before a limit, which it would not help to raise.
            rejections.update((lane.id, pool.rejection) for lane in lanes)
            continue
        open_lanes = _within_limits(lanes, order, rejections)
        if pool.has_room:
            startable += open_lanes
        else:
            rejections.update((lane.id, pool.rejection) for lane in open_lanes)
    return startable


def _within_limits(lanes: Sequence[LaneView], order: FairOrder, rejections: dict[int, Rejection]) -> Sequence[LaneView]:
    """The lanes that no limit forbids now; adds the others to `rejections`."""
    if not (order.full_tenants or order.full_keys):
        return lanes
    limits = {lane.id: limit for lane in lanes if (limit := order.limit_of(lane)) is not None}
    rejections.update((lane_id, _LIMITS[limit]) for lane_id, limit in limits.items())
    return [lane for lane in lanes if lane.id not in limits]


def _place_all(
    order: FairOrder, table: PoolTable, rejections: dict[int, Rejection], turn: int
) -> tuple[Sequence[Assign], int | None]:
    """Places one task after the other; returns them and the horizon, and adds what was turned away to `rejections`."""
    assignments: list[Assign] = []
    while (first := order.first()) is not None:
        lane, task = first
        pool = table.of(lane)
        limit = order.limit_of(lane) if order.full_tenants or order.full_keys else None
        node = _pick(pool, task) if limit is None else _LIMITS[limit]
        if isinstance(node, Rejection):
            rejections[lane.id] = node
            order.block()
            if not (pool.has_room or table.has_room):
                rejections.update(_turned_away(order, table))
                break
            continue
        turn += 1
        node.place(pool.demand, turn)
        assignments.append(Assign(task[1], task[2], node.id, node.session, lane.id, task[0]))
        if not order.placed():
            return assignments, lane.id
    return assignments, None


def _turned_away(order: FairOrder, table: PoolTable) -> Mapping[int, Rejection]:
    """Why the lanes wait whose turn did not come before all pools were full."""
    if order.full_tenants or order.full_keys:
        return {lane.id: _why(order, table.of(lane), lane, task) for lane, task in order.rest()}
    of = table.of
    return {lane.id: of(lane).without_room(task[0]) for lane, task in order.rest()}


def _why(order: FairOrder, pool: OpenPool, lane: LaneView, task: QueuedTask) -> Rejection:
    limit = order.limit_of(lane)
    return pool.without_room(task[0]) if limit is None else _LIMITS[limit]


def _pick(pool: OpenPool, task: QueuedTask) -> NodeLoad | Rejection:
    """A node of the pool, or why there is none."""
    try:
        node = pool.pick(task)
    except Exception as error:
        return Rejection(WaitReason.INVALID, permanent=True, detail=f"{type(error).__name__}: {error}")
    return node or pool.without_room(task.rank)
