"""Making room for urgent tasks: which preemptible run is drained for which waiting task.

A node says from which priority on a task is urgent there (`reserved.priority`, 0: none is). An urgent task that waits
only for room may have one preemptible run of lower priority drained, if its place is enough, and if no task that comes
earlier in the order of dispatch would take that place. The run goes back to the queue uncounted, with its checkpoint.
One run for one task: while it leaves, nothing more is drained for that task. A task that is helped counts as started,
so that no run leaves for one that a limit would hold back then.
"""

from collections.abc import Iterable, Mapping, Sequence

from skalds.model.lane import LaneKey
from skalds.model.plan import Preempt, Rejection, WaitReason
from skalds.model.snapshot import ClusterSnapshot, PreemptibleRun
from skalds.planning.filters import open_slots, refusal
from skalds.planning.order import FairOrder
from skalds.planning.strategies.strategy import NodeLoad

_FOR_WANT_OF_ROOM = frozenset({WaitReason.NO_FREE_SLOT, WaitReason.RESOURCES, WaitReason.TENANT_SHARE})


def plan_preemptions(
    snapshot: ClusterSnapshot, loads: Iterable[NodeLoad], order: FairOrder, rejections: Mapping[int, Rejection]
) -> Sequence[Preempt]:
    """The runs to drain, in the order in which the tasks would come next; moves `loads` to what they will be."""
    runs = snapshot.preemptible
    if not runs:
        return ()
    nodes = {load.id: load for load in loads}
    if not any(node.view.reserved.priority for node in nodes.values()):
        return ()
    leaving = {run.leaving_for: run for run in runs if run.leaving_for}
    staying = {run.task_id: run for run in sorted(runs, key=_cheapest) if not run.leaving_for}
    unhelped: dict[str, LaneKey] = {}
    helped: set[int] = set()
    chosen: list[Preempt] = []
    wanting = {lane_id for lane_id, why in rejections.items() if _wants_room(why)}
    order.line_up(lambda lane: lane.id in wanting)
    while (first := order.first()) is not None:
        lane, key, task_id = first[0], first[0].key, first[1].id
        if lane.id in helped or order.limit_of(lane) is not None:
            order.block()
            continue
        run = leaving.get(task_id) or _victim(key, nodes, staying.values(), unhelped)
        if run is None:
            unhelped.setdefault(lane.shape, key)
            order.block()
            continue
        helped.add(lane.id)
        order.placed()
        if run.node_id in nodes:
            # The place is promised: what is freed for one task is not counted on for a second.
            _take_place(nodes[run.node_id], run, key)
        if staying.pop(run.task_id, None):
            chosen.append(Preempt(run.task_id, run.attempt, run.node_id, task_id))
    return chosen


def _wants_room(why: Rejection) -> bool:
    return why.reason in _FOR_WANT_OF_ROOM and not why.permanent


def _cheapest(run: PreemptibleRun) -> tuple[int, int, str]:
    return run.priority, run.slots, run.task_id


def _victim(
    key: LaneKey, nodes: Mapping[str, NodeLoad], runs: Iterable[PreemptibleRun], unhelped: Mapping[str, LaneKey]
) -> PreemptibleRun | None:
    """The first of `runs` whose place is enough for a task of `key`, and for none that was unhelped before."""
    if key.shape in unhelped:
        return None
    for run in runs:
        node = nodes.get(run.node_id)
        if (
            run.priority < key.priority
            and node is not None
            and 0 < node.view.reserved.priority <= key.priority
            and _is_enough(node, run, key)
            and not any(_is_enough(node, run, earlier) for earlier in unhelped.values())
        ):
            return run
    return None


def _is_enough(node: NodeLoad, run: PreemptibleRun, key: LaneKey) -> bool:
    """Whether a task of `key` may run on the node and has room there once `run` has left."""
    if node.slots and node.used_slots - run.slots + key.slots > open_slots(node.view, key.priority):
        return False
    resources = node.used_resources.minus(run.resources).plus(key.resources)
    return resources.fits_in(node.view.resources) and refusal(node.view, key) is None


def _take_place(node: NodeLoad, run: PreemptibleRun, key: LaneKey) -> None:
    node.used_slots += key.slots - run.slots
    node.used_resources = node.used_resources.minus(run.resources).plus(key.resources)
