"""What every plan keeps, whatever the cluster, the backlog and the strategy."""

import copy
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.plan import DispatchPlan, WaitReason
from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, QueuedTask, TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.filters import refusal
from skalds.planning.strategies.registry import STRATEGIES
from skalds.planning.strategies.strategy import NodeLoad, Pool
from tests.unit.planning.clusters import (
    NOW,
    STEP,
    Backlog,
    backlogs,
    lane,
    node,
    plan,
    snapshot,
    strategy_names,
)
from tests.unit.planning.oracle import Oracle, may_take

modest = settings(max_examples=60, deadline=None, derandomize=True)
whatever = given(backlog=backlogs, name=strategy_names)


def plan_of(backlog: Backlog, name: DispatcherStrategyEnum) -> DispatchPlan:
    return plan(backlog.snapshot, name)


@settings(modest, max_examples=200)
@whatever
def test_tasks_are_placed_exactly_in_the_order_of_the_oracle(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    found = plan_of(backlog, name)
    for _, assign in oracle.follow(found.assignments):
        expected = oracle.next_task()
        assert expected is not None
        assert (assign.task_id, assign.lane) == (expected.task.id, expected.lane)

    assert found.horizon == oracle.ended_early()
    assert found.horizon is not None or oracle.next_task() is None


@modest
@whatever
def test_no_hidden_task_should_have_come_before_one_that_was_placed(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    oracle = Oracle(backlog)
    for _, assign in oracle.follow(plan_of(backlog, name).assignments):
        first = oracle.next_task(hidden=True)

        assert first is not None
        assert first.task.id == assign.task_id


@modest
@whatever
def test_every_node_was_open_to_the_task_it_got(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    for key, assign in oracle.follow(plan_of(backlog, name).assignments):
        assert assign.node_id in oracle.open_nodes(key)
        assert assign.session == backlog.node(assign.node_id).session


@modest
@whatever
def test_no_node_is_filled_over_what_it_offers(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    oracle.follow_all(plan_of(backlog, name).assignments)

    for view in oracle.nodes.values():
        assert view.slots == 0 or view.used_slots <= view.slots
        assert all(used <= offered for used, offered in zip(view.used_resources, view.resources, strict=True))


@modest
@whatever
def test_slots_kept_for_urgent_tasks_are_left_by_others(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    for key, assign in oracle.follow(plan_of(backlog, name).assignments):
        view = oracle.nodes[assign.node_id]
        if view.slots and key.priority < view.reserved.priority:
            assert view.used_slots + key.slots <= view.slots - view.reserved.slots


@modest
@whatever
def test_limits_of_tenants_and_keys_are_never_exceeded(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    placed = [backlog.keys[assign.task_id] for assign in plan_of(backlog, name).assignments]
    by_tenant = Counter(key.tenant for key in placed)
    by_key = Counter(key.concurrency_key for key in placed if key.concurrency_key is not None)

    for tenant, view in backlog.tenants.items():
        assert (
            by_tenant[tenant] == 0 or view.max_running is None or view.running + by_tenant[tenant] <= view.max_running
        )
    for key, count in by_key.items():
        limit = backlog.limits.get(key)
        assert count <= 1 if limit is None else limit.running + count <= limit.limit


@modest
@whatever
def test_class_on_probation_gets_one_task_per_node(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    given_to = Counter(
        (assign.node_id, backlog.keys[assign.task_id].class_name) for assign in plan_of(backlog, name).assignments
    )

    for (node_id, class_name), count in given_to.items():
        assert class_name not in backlog.node(node_id).probing or count == 1


@modest
@whatever
def test_each_task_is_placed_at_most_once_and_with_the_attempt_that_was_read(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    shown = {task.id: task.attempt for view in backlog.snapshot.lanes for task in view.heads}
    placed = [(assign.task_id, assign.attempt) for assign in plan_of(backlog, name).assignments]

    assert len({task_id for task_id, _ in placed}) == len(placed)
    assert all(shown[task_id] == attempt for task_id, attempt in placed)


@modest
@whatever
def test_complete_plan_leaves_nothing_that_could_start(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    found = plan_of(backlog, name)
    oracle.follow_all(found.assignments)

    if found.complete:
        assert oracle.placeable(hidden=True) == []


@modest
@whatever
def test_rounds_go_on_until_no_task_that_could_run_is_left(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    for _ in range(100):
        oracle = Oracle(backlog)
        found = plan_of(backlog, name)
        oracle.follow_all(found.assignments)
        if found.complete:
            break
        assert found.assignments, "a round that stops early has placed something"
        backlog = oracle.after()

    # A class on probation gets its one task in each round; the shell shows it as tripped while that task is live.
    assert oracle.placeable(hidden=True) == []


@modest
@whatever
def test_every_lane_looked_at_and_not_served_to_its_end_has_a_reason(
    backlog: Backlog, name: DispatcherStrategyEnum
) -> None:
    found = plan_of(backlog, name)
    placed = {assign.task_id for assign in found.assignments}
    unserved = {view.id for view in backlog.snapshot.lanes if not placed.issuperset(task.id for task in view.heads)}

    assert unserved.issuperset(found.rejections)
    if found.complete:
        assert unserved == set(found.rejections)


_WANT_OF_ROOM = {WaitReason.NO_FREE_SLOT, WaitReason.RESOURCES, WaitReason.NODE_BREAKER, WaitReason.TENANT_SHARE}
_LIMITS = {WaitReason.TENANT_LIMIT, WaitReason.KEY_LIMIT}


@modest
@whatever
def test_reason_fits_what_the_lane_met(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    found = plan_of(backlog, name)
    oracle.follow_all(found.assignments)

    for number, told in found.rejections.items():
        key = backlog.lanes[number][0]
        if told.reason in _LIMITS:
            assert oracle.is_limited(key)
            continue
        assert sum(told.counts.values()) == len(backlog.nodes)
        reasons = [refusal(view, key) for view in backlog.nodes]
        assert told.reason in (_WANT_OF_ROOM if None in reasons else set(reasons) or {WaitReason.NO_NODE_ONLINE})
        assert not (told.permanent and None in reasons)
        if told.reason is WaitReason.TENANT_SHARE:
            assert {backlog.keys[assign.task_id].tenant for assign in found.assignments} - {key.tenant}


@modest
@given(backlog=backlogs)
def test_filters_and_the_oracle_agree_on_who_may_take_what(backlog: Backlog) -> None:
    for key, _ in backlog.lanes.values():
        assert all((refusal(view, key) is None) == may_take(view, key) for view in backlog.nodes)


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
@whatever
def test_lanes_that_cannot_run_hide_nobody(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    stuck = [lane(100 + n, [-n] * 3, LaneKey("t", "Nobody runs this", slots=n), more=True) for n in range(4)]
    without, shown = plan_of(backlog, name), backlog.snapshot
    with_them = plan(_listed(backlog, shown.nodes, [*stuck, *shown.lanes]), name)

    assert with_them.assignments == without.assignments
    assert with_them.rejections.keys() == without.rejections.keys() | {view.id for view in stuck}


def test_older_lane_without_room_does_not_stand_for_its_tenant() -> None:
    """Its tenant's urgent task would else be behind all that is more urgent than the old one."""
    gpu = lane(1, [NOW - STEP], LaneKey("t", "C", resources=Resources(gpu=1)))
    urgent = lane(2, [NOW - 9 * STEP], LaneKey("t", "C", priority=9))
    stream = lane(3, [NOW - 5 * STEP], LaneKey("u", "C", priority=5))
    view = node("n1", slots=1, resources=Resources(gpu=1), used_resources=Resources(gpu=1))
    tenants = {"t": TenantView(last_start=NOW)}

    assert [assign.lane for assign in plan(snapshot([view], [gpu, urgent, stream], tenants=tenants)).assignments] == [2]


@modest
@given(backlog=backlogs, name=strategy_names)
def test_lanes_that_cannot_start_now_change_nothing_for_others(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    oracle = Oracle(backlog)
    startable = {number: item for number, item in backlog.lanes.items() if number not in oracle.closed}

    assert plan_of(replace(backlog, lanes=startable), name).assignments == plan_of(backlog, name).assignments


@modest
@given(backlog=backlogs, name=strategy_names, seed=st.integers(0, 10))
def test_order_in_which_nodes_and_lanes_are_listed_does_not_matter(
    backlog: Backlog, name: DispatcherStrategyEnum, seed: int
) -> None:
    shown, rng = backlog.snapshot, random.Random(seed)
    mixed = _listed(backlog, rng.sample(shown.nodes, len(shown.nodes)), rng.sample(list(shown.lanes), len(shown.lanes)))

    assert plan(mixed, name) == plan_of(backlog, name)


def _listed(backlog: Backlog, nodes: Sequence[NodeView], lanes: Sequence[LaneView]) -> ClusterSnapshot:
    return snapshot(
        nodes, lanes, tenants=backlog.tenants, keys=backlog.limits, ageing_step_ms=STEP, spread_label="zone"
    )


def test_wide_task_without_room_does_not_hold_up_narrow_ones() -> None:
    lanes = [lane(1, [0, 0], LaneKey("t", "C", slots=2)), lane(2, [5, 6])]
    found = plan(snapshot([node("n1", slots=3, used_slots=2)], lanes))

    assert [assign.task_id for assign in found.assignments] == ["l2-000"]
    assert {number: told.reason for number, told in found.rejections.items()} == {
        1: WaitReason.NO_FREE_SLOT,
        2: WaitReason.NO_FREE_SLOT,
    }


def test_plan_ends_where_a_hidden_task_might_come_next() -> None:
    lanes = [lane(1, [NOW, NOW + 1], more=True), lane(2, [NOW + 2], LaneKey("t", "C", slots=2))]
    found = plan(snapshot([node("n1", slots=0)], lanes))

    assert [assign.task_id for assign in found.assignments] == ["l1-000", "l1-001"]
    assert (found.horizon, found.complete) == (1, False)


def test_empty_lane_is_passed_over() -> None:
    found = plan(snapshot([node("n1")], [lane(1, []), lane(2, [NOW])]))

    assert [assign.lane for assign in found.assignments] == [2]
    assert found.rejections == {}


def test_task_waits_for_its_tenants_share_where_a_later_one_of_another_got_the_room() -> None:
    lanes = [lane(1, [NOW - 5], LaneKey("busy", "C")), lane(2, [NOW - 1], LaneKey("idle", "C"))]
    found = plan(snapshot([node("n1", slots=3, used_slots=2)], lanes, tenants={"busy": TenantView(used_slots=2)}))

    assert [assign.lane for assign in found.assignments] == [2]
    assert found.rejections[1].reason is WaitReason.TENANT_SHARE


@pytest.mark.parametrize(
    ("tenants", "key", "reason"),
    [
        ({"t": TenantView(max_running=2, running=2)}, LaneKey("t", "C"), WaitReason.TENANT_LIMIT),
        ({"t": TenantView(max_running=0)}, LaneKey("t", "C"), WaitReason.TENANT_LIMIT),
        ({}, LaneKey("t", "C", concurrency_key="k"), WaitReason.KEY_LIMIT),
    ],
)
def test_limit_is_told_and_holds_up_nobody_else(
    tenants: dict[str, TenantView], key: LaneKey, reason: WaitReason
) -> None:
    lanes = [lane(1, [NOW - 9, NOW - 8], key), lane(2, [NOW - 1], LaneKey("u", "C"))]
    found = plan(snapshot([node("n1", slots=0)], lanes, tenants=tenants))

    assert found.assignments[-1].lane == 2
    assert found.rejections[1].reason is reason


def test_lane_that_no_node_may_take_is_told_so_before_a_limit() -> None:
    stuck = lane(1, [NOW], LaneKey("t", "Other"))
    found = plan(snapshot([node("n1")], [stuck], tenants={"t": TenantView(max_running=0)}))

    assert found.rejections[1].reason is WaitReason.CLASS_NOT_SUPPORTED


class _Moody:
    """A strategy that raises for one task."""

    def picker(self, pool: Pool, rng: random.Random) -> "_Moody":
        self._nodes = pool.nodes
        return self

    def pick(self, task: QueuedTask) -> NodeLoad | None:
        if task.id == "l1-000":
            raise KeyError("zone")
        return self._nodes[0]


def test_lane_whose_task_makes_the_strategy_raise_is_set_aside() -> None:
    lanes = [lane(1, [NOW - 9, NOW - 8]), lane(2, [NOW - 1], LaneKey("u", "C"))]
    found = plan_dispatch(snapshot([node("n1", slots=0)], lanes), _Moody(), random.Random())

    assert [assign.lane for assign in found.assignments] == [2]
    assert (found.rejections[1].reason, found.rejections[1].detail) == (WaitReason.INVALID, "KeyError: 'zone'")
