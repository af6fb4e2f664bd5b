"""The planner alone: 100,000 tasks in 200 lanes, placed on 10,000 nodes by LEAST_TASKS."""

import random
import time
from collections.abc import Sequence

from bench.figure import Figure
from skalds.model.lane import LaneKey
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, QueuedTask
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.least_tasks import LeastTasks
from skalds.runtime.garbage_collection import calm_collector

TASKS = 100_000
LANES = 200
CLASSES = 20
RUNS = 7


def measure() -> Sequence[Figure]:
    """Times `plan_dispatch` on the same tasks with 10 and with 10,000 nodes, in turn."""
    small, large = _snapshot(nodes=10), _snapshot(nodes=10_000)
    calm_collector()
    pairs = [(_time(small), _time(large)) for _ in range(RUNS)]
    totals = [large_seconds for _, large_seconds in pairs]
    ratios = [large_seconds / small_seconds for small_seconds, large_seconds in pairs]
    sorting = _time_sort(large)
    return [
        Figure("planner: 100,000 tasks x 10,000 nodes", "s", totals, 0.5, reference={"sorting alone s": sorting}),
        Figure(
            "planner: time per task, 10,000 nodes against 10",
            "x",
            ratios,
            1.5,
            reference={"10 nodes s": min(small_seconds for small_seconds, _ in pairs)},
        ),
    ]


def _snapshot(nodes: int) -> ClusterSnapshot:
    """A fleet where every node has room and all classes; the tasks of a lane come in order of rank."""
    chance = random.Random(1)
    classes = frozenset(f"Worker{number}" for number in range(CLASSES))
    views = [NodeView(f"node-{number:05}", number, classes, slots=0) for number in range(nodes)]
    heads: list[list[QueuedTask]] = [[] for _ in range(LANES)]
    for number in range(TASKS):
        heads[chance.randrange(LANES)].append(QueuedTask(number - chance.randrange(60_000), f"task-{number:09}", 0))
    lanes = [
        LaneView(number, LaneKey(f"tenant-{number // CLASSES}", f"Worker{number % CLASSES}"), sorted(tasks))
        for number, tasks in enumerate(heads)
    ]
    return ClusterSnapshot(0, views, lanes)


def _time(snapshot: ClusterSnapshot) -> float:
    started = time.perf_counter()
    plan = plan_dispatch(snapshot, LeastTasks(), random.Random(1))
    elapsed = time.perf_counter() - started
    if len(plan.assignments) != TASKS:
        raise AssertionError(f"placed {len(plan.assignments)} of {TASKS} tasks")
    return elapsed


def _time_sort(snapshot: ClusterSnapshot) -> float:
    tasks = [task for lane in snapshot.lanes for task in lane.heads]
    started = time.perf_counter()
    tasks.sort()
    return time.perf_counter() - started
