"""Reasons that are told lane by lane, and those that are told in common."""

import random
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.plan import DispatchPlan, WaitReason
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES
from tests.unit.planning.clusters import Backlog, backlogs, plan, random_backlog, strategy_names

modest = settings(max_examples=150, deadline=None, derandomize=True)


def reasons_of(found: DispatchPlan) -> Mapping[int, WaitReason]:
    return {lane: told.reason for lane, told in found.rejections.items()}


@modest
@given(backlog=backlogs, name=strategy_names)
def test_each_way_to_ask_has_the_same_answer(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    found = plan(backlog.snapshot, name)
    told = dict(found.rejections)

    assert len(found.rejections) == len(told)
    for lane in (*backlog.lanes, 4711):
        assert found.rejections.of(lane) == found.rejections.get(lane) == told.get(lane)
        assert (lane in found.rejections) == (lane in told)


@modest
@given(seed=st.integers(0, 1 << 32), other=st.integers(0, 1 << 32), name=strategy_names)
def test_lanes_that_were_told_something_else_in_common_are_all_named(
    seed: int, other: int, name: DispatcherStrategyEnum
) -> None:
    """The same lanes, while the rest of the cluster becomes another."""
    first, second = random_backlog(seed), random_backlog(other)
    changed = Backlog(second.nodes, first.lanes, first.visible, second.tenants, second.limits)
    before, after = plan(first.snapshot, name), plan(changed.snapshot, name)
    named = set(after.rejections.may_differ(before.rejections.common))
    told_before, told_after = reasons_of(before), reasons_of(after)
    apart = set(before.rejections.may_differ(before.rejections.common))

    for lane, reason in told_after.items():
        assert lane in named | apart or told_before.get(lane) in (None, reason)


@modest
@given(backlog=backlogs, name=strategy_names)
def test_same_again_names_only_lanes_that_were_passed_over(backlog: Backlog, name: DispatcherStrategyEnum) -> None:
    found = plan(backlog.snapshot, name)
    named = set(found.rejections.may_differ(found.rejections.common))
    latest = max((assign.rank for assign in found.assignments), default=0)

    assert {lane for lane, reason in reasons_of(found).items() if reason is WaitReason.TENANT_SHARE} <= named
    assert all(backlog.lanes[lane][1][0].rank < latest for lane in named)


@modest
@given(backlog=backlogs, name=strategy_names, most=st.integers(1, 4))
def test_plan_of_at_most_so_many_is_the_beginning_of_the_whole(
    backlog: Backlog, name: DispatcherStrategyEnum, most: int
) -> None:
    whole = plan(backlog.snapshot, name)
    part = plan_dispatch(backlog.snapshot, STRATEGIES[name](), random.Random(7), most)

    assert part.assignments == whole.assignments[:most]
    assert part.is_cut == (len(part.assignments) == most and part.horizon is None)
    assert part.complete == (not part.is_cut and part.horizon is None)
