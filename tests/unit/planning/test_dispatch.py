"""What every plan keeps, whatever the cluster, the backlog and the strategy."""

import copy
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.plan import DispatchPlan, WaitReason
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.filters import has_room, ineligible
from skalds.planning.strategies.registry import STRATEGIES
from tests.unit.planning.clusters import Backlog, Replay, backlogs, lane, node, snapshot, strategy_names

modest = settings(max_examples=40, deadline=None, derandomize=True)


def plan_of(backlog: Backlog, name: DispatcherStrategyEnum, seed: int = 7) -> DispatchPlan:
    return plan_dispatch(backlog.snapshot, STRATEGIES[name](), random.Random(seed))


@modest
@given(backlog=backlogs, name=strategy_names)
def test_no_task_is_placed_while_one_of_lower_rank_could_run_even_if_hidden(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    replay = Replay(backlog)

    for placed, _ in replay.follow(plan_of(backlog, name).assignments):
        earlier = [task for task in replay.pending.values() if (task.rank, task.id) < (placed.rank, placed.id)]
        assert [task.id for task in earlier if replay.open_nodes(task.id)] == []


@modest
@given(backlog=backlogs, name=strategy_names)
def test_no_node_is_filled_over_its_capacity(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    replay = Replay(backlog)
    plan = plan_of(backlog, name)
    for _, assign in replay.follow(plan.assignments):
        assert assign.slots == backlog.keys[assign.task_id].slots
        assert has_room(backlog.node(assign.node_id).slots, replay.used[assign.node_id], assign.slots)


@modest
@given(backlog=backlogs, name=strategy_names)
def test_tasks_go_only_to_nodes_that_may_take_them(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    for assign in plan_of(backlog, name).assignments:
        view, key = backlog.node(assign.node_id), backlog.keys[assign.task_id]

        assert (view.online, view.draining, view.mode) == (True, False, "node")
        assert key.class_name in view.classes
        assert key.pinned_to in (None, view.id)
        assert assign.session == view.session


@modest
@given(backlog=backlogs, name=strategy_names)
def test_each_task_is_placed_at_most_once_and_with_the_attempt_that_was_read(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    shown = {task.id: task.attempt for view in backlog.snapshot.lanes for task in view.heads}
    placed = [(assign.task_id, assign.attempt) for assign in plan_of(backlog, name).assignments]

    assert len({task_id for task_id, _ in placed}) == len(placed)
    assert all(shown[task_id] == attempt for task_id, attempt in placed)


@modest
@given(backlog=backlogs, name=strategy_names)
def test_task_left_waiting_by_a_complete_plan_has_no_node_with_room(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    replay = Replay(backlog)
    plan = plan_of(backlog, name)
    for _ in replay.follow(plan.assignments):
        pass

    if plan.complete:
        assert [task for task in replay.pending if replay.open_nodes(task)] == []


@modest
@given(backlog=backlogs, name=strategy_names)
def test_rounds_go_on_until_no_task_that_could_run_is_left(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    lanes = {number: (key, list(tasks)) for number, (key, tasks) in backlog.lanes.items()}
    nodes = {view.id: view for view in backlog.nodes}
    for _ in range(100):
        current = Backlog(list(nodes.values()), {n: lane for n, lane in lanes.items() if lane[1]}, backlog.shown)
        replay = Replay(current)
        plan = plan_of(current, name)
        for _ in replay.follow(plan.assignments):
            pass
        if plan.complete:
            break
        assert plan.assignments, "a round that stops early has placed something"
        lanes = {n: (key, [task for task in tasks if task.id in replay.pending]) for n, (key, tasks) in lanes.items()}
        nodes = {
            name: node(name, session=view.session, classes=view.classes, slots=view.slots, mode=view.mode,
                       online=view.online, draining=view.draining, live_tasks=replay.live[name],
                       used_slots=replay.used[name], last_turn=plan.turns.get(name, view.last_turn))
            for name, view in nodes.items()
        }  # fmt: skip

    assert [task for task in replay.pending if replay.open_nodes(task)] == []


@modest
@given(backlog=backlogs, name=strategy_names)
def test_every_lane_looked_at_and_not_served_to_its_end_has_a_reason(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    plan = plan_of(backlog, name)
    placed = {assign.task_id for assign in plan.assignments}
    unserved = {view.id for view in backlog.snapshot.lanes if not placed.issuperset(task.id for task in view.heads)}

    assert unserved.issuperset(plan.rejections)
    if plan.complete:
        assert unserved == set(plan.rejections)


@modest
@given(backlog=backlogs, name=strategy_names)
def test_reason_says_full_exactly_if_some_node_passed_every_filter(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    for number, told in plan_of(backlog, name).rejections.items():
        reasons = [ineligible(view, backlog.lanes[number][0]) for view in backlog.nodes]

        assert (told.reason is WaitReason.NO_FREE_SLOT) == (None in reasons)
        assert sum(told.counts.values()) == len(backlog.nodes)


@modest
@given(backlog=backlogs, name=strategy_names, seed=st.integers(0, 3))
def test_planning_changes_nothing_and_the_same_input_gives_the_same_plan(
    backlog: Backlog, name: DispatcherStrategyEnum, seed: int
) -> None:
    shown = backlog.snapshot
    before = copy.deepcopy(shown)
    plans = [plan_dispatch(shown, STRATEGIES[name](), random.Random(seed)) for _ in range(2)]

    assert plans[0] == plans[1]
    assert shown == before


@modest
@given(backlog=backlogs, name=strategy_names)
def test_lanes_that_cannot_run_hide_nobody(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    stuck = [lane(100 + n, [-n] * 3, LaneKey("t", "Nobody runs this", slots=n), more=True) for n in range(4)]
    without, shown = plan_of(backlog, name), backlog.snapshot
    with_them = plan_dispatch(snapshot(shown.nodes, [*stuck, *shown.lanes]), STRATEGIES[name](), random.Random(7))

    assert with_them.assignments == without.assignments
    assert with_them.rejections.keys() == without.rejections.keys() | {view.id for view in stuck}


@modest
@given(backlog=backlogs, seed=st.integers(0, 10))
def test_order_in_which_nodes_and_lanes_are_listed_does_not_matter(backlog: Backlog, seed: int) -> None:
    shown, rng = backlog.snapshot, random.Random(seed)
    for name in DispatcherStrategyEnum:
        listed = snapshot(rng.sample(shown.nodes, len(shown.nodes)), rng.sample(shown.lanes, len(shown.lanes)))
        mixed = plan_dispatch(listed, STRATEGIES[name](), random.Random(7))

        assert mixed == plan_of(backlog, name)


def test_wide_task_without_room_does_not_hold_up_narrow_ones() -> None:
    lanes = [lane(1, [0, 0], LaneKey("t", "C", slots=3)), lane(2, [5, 6])]
    plan = plan_dispatch(
        snapshot([node("n1")], lanes), STRATEGIES[DispatcherStrategyEnum.LEAST_TASKS](), random.Random()
    )

    assert [assign.task_id for assign in plan.assignments] == ["l2-000", "l2-001"]
    assert {number: told.reason for number, told in plan.rejections.items()} == {1: WaitReason.NO_FREE_SLOT}


def test_plan_ends_where_a_hidden_task_might_come_next() -> None:
    lanes = [lane(1, [0, 1], more=True), lane(2, [2], LaneKey("u", "C"))]
    plan = plan_dispatch(
        snapshot([node("n1", slots=0)], lanes), STRATEGIES[DispatcherStrategyEnum.LEAST_TASKS](), random.Random()
    )

    assert [assign.task_id for assign in plan.assignments] == ["l1-000", "l1-001"]
    assert not plan.complete
