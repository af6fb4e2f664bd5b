"""`plan_dispatch`: waiting tasks to nodes.

    filters   per shape of lane and kind of node: which nodes may take the tasks at all        (`pools.py`)
    order     which task comes next: bands, fair shares of tenants, rank; limits               (`order.py`)
    strategy  which of the nodes of its pool that still have room                              (`strategies/`)
    reasons   why the others wait                                                              (`rejections.py`)
    preempt   for urgent tasks without room: which preemptible run makes place                 (`preemption.py`)

A pass costs by tasks placed, plus a little for each shape, tenant and node known; lanes that it does not come to cost
it nothing (`waiting_lanes.py`), however many wait, and however much stands in them.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import replace

from skalds.model.plan import Assign, DispatchPlan, Rejection, WaitReason
from skalds.model.snapshot import ClusterSnapshot, QueuedTask
from skalds.planning.order import FairOrder
from skalds.planning.pools import OpenPool, PoolTable
from skalds.planning.preemption import plan_preemptions
from skalds.planning.rejections import PlanRejections
from skalds.planning.strategies.strategy import NodeLoad, Strategy
from skalds.planning.waiting_lanes import WaitingLanes


def plan_dispatch(
    snapshot: ClusterSnapshot, strategy: Strategy, rng: random.Random, most: int = sys.maxsize
) -> DispatchPlan:
    """Decides which of the snapshot's tasks start now, and where; places `most` of them at most.

    A task that no node has room for closes its lane for this pass and holds up no other. The same snapshot, strategy
    and state of `rng` always give the same plan. When the last known task of a lane that holds more has been placed,
    the plan ends: the lane's next one may be due before all others.
    """
    lanes = WaitingLanes.of(snapshot.lanes)
    snapshot = replace(snapshot, lanes=lanes)
    table = PoolTable(snapshot, strategy, rng)
    order = FairOrder(snapshot)
    _line_up(order, table)
    invalid: dict[int, Rejection] = {}
    assignments, horizon = _place_all(order, table, invalid, most)
    rejections = PlanRejections(lanes, table, order, invalid)
    turns = {load.id: load.turn for load in table.loads if load.turn != load.view.last_turn}
    preemptions = plan_preemptions(snapshot, table.loads, order, rejections)
    is_cut = len(assignments) == most and horizon is None
    return DispatchPlan(assignments, rejections, turns, horizon, preemptions, is_cut)


def _line_up(order: FairOrder, table: PoolTable) -> None:
    """Lines up the lanes of which a task could start; what cannot must not stand for its tenant and hide what can."""
    open_shapes = {shape for shape, pool in table.shapes() if pool.has_room}
    if open_shapes:
        # Copies: what becomes full on the way has its turn, and is turned away then.
        full_keys = frozenset(order.full_keys)
        order.line_up(
            lambda lane: lane.shape in open_shapes and lane.key.concurrency_key not in full_keys,
            without=frozenset(order.full_tenants),
        )


def _place_all(
    order: FairOrder, table: PoolTable, invalid: dict[int, Rejection], most: int
) -> tuple[Sequence[Assign], int | None]:
    """Places one task after the other; returns them and the horizon, and notes lanes whose task cannot be placed."""
    assignments: list[Assign] = []
    turn = max((load.turn for load in table.loads), default=0)
    while len(assignments) < most and (first := order.first()) is not None:
        lane, task = first
        if order.full_tenants or order.full_keys:
            limit = order.limit_of(lane)
            if limit is not None:
                order.block_tenant() if limit is WaitReason.TENANT_LIMIT else order.block()
                continue
        pool = table.of(lane.shape)
        if not pool.has_room:
            order.block()
            continue
        node = _pick(pool, task)
        if isinstance(node, NodeLoad):
            turn += 1
            node.place(pool.demand, turn)
            assignments.append(Assign(task[1], task[2], node.id, node.session, lane.id, task[0]))
            if not order.placed():
                return assignments, lane.id
            continue
        if node is not None:
            invalid[lane.id] = node
        elif not table.has_room:
            break
        order.block()
    return assignments, None


def _pick(pool: OpenPool, task: QueuedTask) -> NodeLoad | Rejection | None:
    """A node of the pool, None if none has room, or what is wrong with the task."""
    try:
        return pool.pick(task)
    except Exception as error:
        return Rejection(WaitReason.INVALID, permanent=True, detail=f"{type(error).__name__}: {error}")
