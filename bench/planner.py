"""The planner alone: 100,000 tasks in 200 lanes, placed on 10,000 nodes by LEAST_TASKS."""

import random
import time
from collections.abc import Callable, Mapping, Sequence

from bench.figure import Figure
from skalds.model.lane import LaneKey
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, QueuedTask, TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.least_tasks import LeastTasks
from skalds.runtime.garbage_collection import calm_collector

TASKS = 100_000
LANES = 200
TENANTS = 50
ZONES = 4
RUNS = 7

NodeMaker = Callable[[int], NodeView]
KeyMaker = Callable[[int], LaneKey]

_CLASS_NAMES = frozenset(f"Worker{number}" for number in range(LANES))


def measure() -> Sequence[Figure]:
    """Times `plan_dispatch` with 10 nodes, with 10,000, and with 10,000 and all there is to look at, in turn."""
    small, large = (_snapshot(nodes, _plain_node, _plain_key) for nodes in (10, 10_000))
    full = _snapshot(10_000, _labelled_node, _demanding_key, _tenants(), _keys())
    calm_collector()
    runs = [(_time(small), _time(large), _time(full)) for _ in range(RUNS)]
    small_runs, large_runs, full_runs = (list(column) for column in zip(*runs, strict=True))
    ratios = [large_s / small_s for small_s, large_s, _ in runs]
    reference = {"sorting alone s": _time_sort(large)}
    return [
        Figure("planner: 100,000 tasks x 10,000 nodes", "s", large_runs, 0.5, reference=reference),
        Figure(
            "planner: time per task, 10,000 nodes against 10",
            "x",
            ratios,
            1.5,
            reference={"10 nodes s": min(small_runs)},
        ),
        Figure(
            "planner: the same with labels, shares and limits",
            "s",
            full_runs,
            1.0,
            reference={"without s": min(large_runs)},
        ),
    ]


def _snapshot(
    nodes: int,
    node: NodeMaker,
    key: KeyMaker,
    tenants: Mapping[str, TenantView] | None = None,
    keys: Mapping[str, KeyView] | None = None,
) -> ClusterSnapshot:
    """A fleet with room for all; the tasks of a lane come in order of rank."""
    chance = random.Random(1)
    heads: list[list[QueuedTask]] = [[] for _ in range(LANES)]
    for number in range(TASKS):
        heads[chance.randrange(LANES)].append(QueuedTask(number - chance.randrange(60_000), f"task-{number:09}", 0))
    lanes = [LaneView(number, key(number), sorted(tasks)) for number, tasks in enumerate(heads)]
    return ClusterSnapshot(TASKS, [node(number) for number in range(nodes)], lanes, tenants or {}, keys or {})


def _plain_node(number: int) -> NodeView:
    return NodeView(f"node-{number:05}", number, _CLASS_NAMES, slots=0)


def _plain_key(number: int) -> LaneKey:
    """All of one tenant and of one size; a class for each lane."""
    return LaneKey("default", f"Worker{number}")


def _labelled_node(number: int) -> NodeView:
    return NodeView(
        f"node-{number:05}",
        number,
        _CLASS_NAMES,
        slots=200,
        labels={"zone": f"zone-{number % ZONES}", "disk": "ssd" if number % 3 else "hdd", "host": f"host-{number}"},
        resources=Resources(cpu=64_000, memory=1 << 38, gpu=4),
    )


def _demanding_key(number: int) -> LaneKey:
    """A third of the lanes looks at labels, a third asks for resources, a fifth shares keys."""
    zone = (("zone", f"zone-{number % ZONES}"),)
    return LaneKey(
        tenant=f"tenant-{number % TENANTS}",
        class_name=f"Worker{number % 20}",
        requires=zone if number % 6 == 0 else (),
        prefers=(("disk", "ssd"), *zone) if number % 6 == 3 else (),
        resources=Resources(cpu=100, memory=1 << 20) if number % 3 == 1 else NO_RESOURCES,
        concurrency_key=f"key-{number % 7}" if number % 5 == 0 else None,
    )


def _tenants() -> Mapping[str, TenantView]:
    return {
        f"tenant-{number}": TenantView(weight=1.0 + number % 4, max_running=TASKS, used_slots=number)
        for number in range(TENANTS)
    }


def _keys() -> Mapping[str, KeyView]:
    return {f"key-{number}": KeyView(limit=TASKS) for number in range(7)}


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
