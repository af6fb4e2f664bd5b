"""Which run is drained for which urgent task, and that it is not drained in vain."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from skalds.model.lane import LaneKey, rank
from skalds.model.plan import Preempt
from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, PreemptibleRun, QueuedTask, TenantView
from tests.unit.planning.clusters import NOW, STEP, lane, node, plan, seeds, snapshot
from tests.unit.planning.oracle import may_take

modest = settings(max_examples=150, deadline=None, derandomize=True)

URGENT = LaneKey("t", "C", priority=5)
FULL = node("n1", used_slots=2, live_tasks=2, reserved=Reserved(0, 5))


def run(name: str, **changes: Any) -> PreemptibleRun:
    return replace(PreemptibleRun(name, attempt=3, node_id="n1", priority=0, slots=1), **changes)


def preempted(
    nodes: Sequence[NodeView], lanes: Sequence[LaneView], runs: Sequence[PreemptibleRun], **more: Any
) -> list[tuple[str, str]]:
    """Victims, each with the task it leaves for."""
    found = plan(snapshot(nodes, lanes, preemptible=runs, **more)).preemptions
    return [(preempt.task_id, preempt.for_task) for preempt in found]


ONE = [("low", "l1-000")]


@pytest.mark.parametrize(
    ("view", "key", "victim", "expected"),
    [
        ({}, {}, {}, ONE),
        # The task is urgent here.
        ({}, {"priority": 4}, {}, []),
        ({}, {"priority": 6}, {}, ONE),
        ({"reserved": Reserved(0, 0)}, {}, {}, []),
        ({"reserved": Reserved(2, 5)}, {}, {}, ONE),
        # The run is of lower priority.
        ({}, {}, {"priority": 4}, ONE),
        ({}, {}, {"priority": 5}, []),
        ({}, {}, {"priority": 6}, []),
        # The node may take the task, and the place is enough.
        ({"online": False}, {}, {}, []),
        ({"cordoned": True}, {}, {}, []),
        ({"classes": frozenset()}, {}, {}, []),
        ({}, {"requires": (("zone", "a"),)}, {}, []),
        ({}, {"pinned_to": "n2"}, {}, []),
        ({}, {"slots": 2}, {}, []),
        ({}, {"slots": 2}, {"slots": 2}, ONE),
        ({"used_slots": 1}, {"slots": 2}, {}, ONE),
        ({"used_slots": 3}, {}, {}, []),
        ({}, {"slots": 3}, {"slots": 3}, []),
        # Resources.
        ({"resources": Resources(gpu=1), "used_resources": Resources(gpu=1)}, {"resources": Resources(gpu=1)}, {}, []),
        (
            {"resources": Resources(gpu=1), "used_resources": Resources(gpu=1)},
            {"resources": Resources(gpu=1)},
            {"resources": Resources(gpu=1)},
            ONE,
        ),
        # The run is where the task could go, and not leaving already.
        ({}, {}, {"node_id": "n2"}, []),
        ({}, {}, {"leaving_for": "another"}, []),
        ({}, {}, {"leaving_for": "l1-000"}, []),
    ],
    ids=str,
)
def test_run_is_drained(
    view: dict[str, Any], key: dict[str, Any], victim: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    lanes = [lane(1, [NOW], URGENT._replace(**key))]

    assert preempted([replace(FULL, **view)], lanes, [run("low", **victim)]) == expected


def test_plan_says_which_attempt_leaves_which_node() -> None:
    found = plan(snapshot([FULL], [lane(1, [NOW], URGENT)], preemptible=[run("low")]))

    assert found.preemptions == [Preempt("low", 3, "n1", "l1-000")]


def test_lowest_priority_leaves_first_then_the_smallest_then_the_lowest_id() -> None:
    runs = [run("b"), run("a", priority=1), run("wide", slots=2), run("c")]
    lanes = [lane(number, [NOW + number], URGENT._replace(class_name=name)) for number, name in enumerate("CDEF")]
    nodes = [replace(FULL, slots=9, used_slots=9, classes=frozenset("CDEF"))]

    assert [victim for victim, _ in preempted(nodes, lanes, runs)] == ["b", "c", "wide", "a"]


def test_only_one_run_leaves_for_a_lane_in_a_pass() -> None:
    assert preempted([FULL], [lane(1, [NOW, NOW + 1], URGENT)], [run("x"), run("y")]) == [("x", "l1-000")]


def test_run_leaves_for_the_first_task_that_was_not_placed() -> None:
    nodes = [replace(FULL, used_slots=1)]

    assert preempted(nodes, [lane(1, [NOW, NOW + 1], URGENT)], [run("x")]) == [("x", "l1-001")]


def test_no_run_leaves_for_a_task_that_found_room() -> None:
    assert preempted([replace(FULL, used_slots=1)], [lane(1, [NOW], URGENT)], [run("x")]) == []


@pytest.mark.parametrize(
    "limits",
    [
        {"tenants": {"t": TenantView(max_running=0)}},
        {"keys": {"k": KeyView(limit=1, running=1)}},
    ],
)
def test_no_run_leaves_for_a_task_that_a_limit_holds_back(limits: Mapping[str, Any]) -> None:
    assert preempted([FULL], [lane(1, [NOW], URGENT._replace(concurrency_key="k"))], [run("x")], **limits) == []


def test_free_room_is_counted_on_once() -> None:
    """Each place would do together with the one free slot, but there is only one free slot."""
    nodes = [replace(FULL, slots=4, used_slots=3, classes=frozenset("CD"))]
    lanes = [lane(number, [NOW], URGENT._replace(class_name=name, slots=2)) for number, name in enumerate("CD")]

    assert preempted(nodes, lanes, [run("x"), run("y")]) == [("x", "l0-000")]
    leaving = [run("x", leaving_for="l0-000"), run("y")]
    assert preempted(nodes, lanes, leaving) == []


def test_no_run_leaves_where_its_place_would_go_to_a_task_that_waits_longer() -> None:
    old = lane(2, [rank(NOW - 6 * STEP, 0, STEP)], LaneKey("t", "C"))
    urgent = lane(1, [rank(NOW, 5, STEP)], URGENT)

    assert preempted([FULL], [old, urgent], [run("x")]) == []
    # A slot that is kept for urgent tasks is nothing to the other one.
    assert preempted([replace(FULL, reserved=Reserved(1, 5))], [old, urgent], [run("x")]) == [("x", "l1-000")]


def _full_cluster(seed: int) -> ClusterSnapshot:
    """Nodes without room and what runs there; of all that waits, nothing can start."""
    chance = random.Random(seed)
    nodes, runs = [], []
    for number in range(chance.randint(1, 3)):
        slots, wide = chance.randint(1, 4), chance.randint(1, 2)
        all_cpus = Resources(cpu=slots)
        reserved = Reserved(chance.randint(0, 2), chance.choice([0, 3, 5]))
        classes = frozenset(chance.choice(["C", "CD"]))
        nodes.append(
            node(f"n{number}", slots=slots, used_slots=slots, resources=all_cpus, used_resources=all_cpus,
                 classes=classes, reserved=reserved)
        )  # fmt: skip
        for place in range(chance.randint(0, slots // wide)):
            leaving_for = chance.choice([None, None, None, "l0-000"])
            runs.append(
                run(f"r{number}-{place}", node_id=f"n{number}", priority=chance.randint(0, 6), slots=wide,
                    resources=Resources(wide), leaving_for=leaving_for)
            )  # fmt: skip
    return snapshot(
        nodes,
        [_waiting(number, chance) for number in range(chance.randint(1, 4))],
        preemptible=runs,
        ageing_step_ms=STEP,
    )


def _waiting(number: int, chance: random.Random) -> LaneView:
    priority, slots = chance.choice([0, 3, 5, 8]), chance.randint(1, 2)
    key = LaneKey(
        chance.choice("tu"), chance.choice("CD"), priority, slots=slots, resources=Resources(chance.randint(0, slots))
    )
    return lane(number, [rank(NOW - chance.randint(0, 9 * STEP), priority, STEP) for _ in range(2)], key)


full_clusters = seeds.map(_full_cluster)


@modest
@given(shown=full_clusters)
def test_victim_is_one_that_may_be_drained_for_that_task(shown: ClusterSnapshot) -> None:
    found = plan(shown)
    keys = {task.id: view.key for view in shown.lanes for task in view.heads}
    nodes = {view.id: view for view in shown.nodes}
    runs = {item.task_id: item for item in shown.preemptible}
    helped = {item.leaving_for for item in shown.preemptible}

    assert found.assignments == []
    for preempt in found.preemptions:
        victim, view, key = runs[preempt.task_id], nodes[preempt.node_id], keys[preempt.for_task]
        assert (victim.node_id, victim.attempt, victim.leaving_for) == (view.id, preempt.attempt, None)
        assert victim.priority < key.priority
        assert 0 < view.reserved.priority <= key.priority
        assert may_take(view, key)
        assert preempt.for_task not in helped
    assert len({preempt.task_id for preempt in found.preemptions}) == len(found.preemptions)
    assert len({preempt.for_task for preempt in found.preemptions}) == len(found.preemptions)


@modest
@given(shown=full_clusters)
def test_when_the_run_has_left_its_place_goes_to_the_task_it_left_for(shown: ClusterSnapshot) -> None:
    staying = [item for item in shown.preemptible if item.leaving_for is None]
    for preempt in plan(replace(shown, preemptible=staying)).preemptions[:1]:
        gone = next(item for item in staying if item.task_id == preempt.task_id)
        nodes = [_without(view, gone) if view.id == gone.node_id else view for view in shown.nodes]
        placed = plan(replace(shown, nodes=nodes, lanes=[*shown.lanes, _requeued(gone)], preemptible=())).assignments

        assert (preempt.for_task, gone.node_id) in [(assign.task_id, assign.node_id) for assign in placed]


def _without(view: NodeView, gone: PreemptibleRun) -> NodeView:
    return replace(
        view, used_slots=view.used_slots - gone.slots, used_resources=view.used_resources.minus(gone.resources)
    )


def _requeued(gone: PreemptibleRun) -> LaneView:
    """The victim as it waits again, its turn begun anew."""
    key = LaneKey("t", "C", gone.priority, slots=gone.slots, resources=gone.resources, preemptible=True)
    return LaneView(100, key, [QueuedTask(rank(NOW, gone.priority, STEP), gone.task_id, gone.attempt)])


@pytest.mark.parametrize(
    "limits",
    [
        {"tenants": {"t": TenantView(max_running=3, running=2)}},
        {"keys": {"k": KeyView(limit=2, running=1)}},
    ],
)
def test_a_task_that_is_helped_counts_as_started(limits: Mapping[str, Any]) -> None:
    nodes = [replace(FULL, classes=frozenset("CD"))]
    keys = [URGENT._replace(class_name=name, concurrency_key="k") for name in "CD"]
    lanes = [lane(number, [NOW + number], key) for number, key in enumerate(keys)]
    assert preempted(nodes, lanes, [run("x"), run("y")]) == [("x", "l0-000")]  # a key allows one at a time
    wide = {**limits, "keys": limits.get("keys", {"k": KeyView(limit=9)})}

    assert preempted(nodes, lanes, [run("x"), run("y")], keys={"k": KeyView(limit=9)}) == [
        ("x", "l0-000"),
        ("y", "l1-000"),
    ]
    assert preempted(nodes, lanes, [run("x"), run("y")], **wide) == [("x", "l0-000")]
    assert preempted(nodes, lanes, [run("x", leaving_for="l0-000"), run("y")], **wide) == []
