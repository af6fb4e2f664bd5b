"""`plan_dispatch`: waiting tasks to nodes.

    filters   per lane: which nodes may take its tasks at all, and why not the others
    order     all heads by rank (lowest first), then id
    strategy  per task: which of the lane's nodes that still have room

Lanes whose tasks have the same size and may run on the same nodes share a pool, and a pool has one picker. So a pass
costs by tasks placed and nodes known, not by lanes × nodes × tasks.
"""

import random
from collections.abc import Mapping, Sequence

from skalds.model.plan import Assign, DispatchPlan, Rejection
from skalds.model.snapshot import ClusterSnapshot, LaneView
from skalds.planning.filters import ineligible, rejection
from skalds.planning.strategies.strategy import NodeLoad, Picker, Strategy


def plan_dispatch(snapshot: ClusterSnapshot, strategy: Strategy, rng: random.Random) -> DispatchPlan:
    """Decides which of the snapshot's tasks start now, and where.

    Tasks are placed in order of rank; one that no node has room for is skipped without holding up other lanes. The
    same snapshot, strategy and state of `rng` always give the same plan. When the last known task of a lane that holds
    more has been placed, the plan ends: the lane's next one may be due before all others.
    """
    loads = [NodeLoad(index, view) for index, view in enumerate(sorted(snapshot.nodes, key=lambda view: view.id))]
    pickers = _pickers(snapshot.lanes, loads, strategy, rng)
    turn = max((load.turn for load in loads), default=0)
    assignments: list[Assign] = []
    unserved: set[int] = set()
    horizons = {lane.heads[-1].id for lane in snapshot.lanes if lane.more and lane.heads}
    horizon = None
    for _, task_id, attempt, lane_id, slots in _in_order(snapshot.lanes):
        if lane_id in unserved:
            continue
        node = pickers[lane_id].pick()
        if node is None:
            unserved.add(lane_id)
            continue
        turn += 1
        node.turn = turn
        node.live_tasks += 1
        node.used_slots += slots
        assignments.append(Assign(task_id, attempt, node.id, node.session, slots))
        if task_id in horizons:
            horizon = lane_id
            break
    turns = {load.id: load.turn for load in loads if load.turn != load.view.last_turn}
    return DispatchPlan(assignments, _rejections(snapshot.lanes, unserved, loads), turns, horizon)


def _in_order(lanes: Sequence[LaneView]) -> Sequence[tuple[int, str, int, int, int]]:
    """All heads as (rank, id, attempt, lane id, slots), sorted.

    Plain tuples of numbers and text, because the interpreter compares and collects them several times faster than
    pairs of objects.
    """
    return sorted(
        (rank, task_id, attempt, lane.id, lane.key.slots) for lane in lanes for rank, task_id, attempt in lane.heads
    )


def _pickers(
    lanes: Sequence[LaneView], loads: Sequence[NodeLoad], strategy: Strategy, rng: random.Random
) -> Mapping[int, Picker]:
    """The picker of each lane; lanes that look alike to the filters get the same one."""
    eligible: dict[tuple[str, str | None], tuple[int, ...]] = {}
    pools: dict[tuple[tuple[int, ...], int], Picker] = {}
    pickers: dict[int, Picker] = {}
    for lane in lanes:
        key = lane.key
        looks = (key.class_name, key.pinned_to)
        if looks not in eligible:
            eligible[looks] = tuple(load.index for load in loads if ineligible(load.view, key) is None)
        pool = (eligible[looks], key.slots)
        if pool not in pools:
            pools[pool] = strategy.picker([loads[index] for index in eligible[looks]], key.slots, rng)
        pickers[lane.id] = pools[pool]
    return pickers


def _rejections(lanes: Sequence[LaneView], unserved: set[int], loads: Sequence[NodeLoad]) -> Mapping[int, Rejection]:
    """Why the unserved lanes wait; worked out once for all lanes that look alike to the filters."""
    found: dict[tuple[str, str | None], Rejection] = {}
    rejections: dict[int, Rejection] = {}
    for lane in lanes:
        if lane.id in unserved:
            key = lane.key
            looks = (key.class_name, key.pinned_to)
            if looks not in found:
                found[looks] = rejection(ineligible(load.view, key) for load in loads)
            rejections[lane.id] = found[looks]
    return rejections
