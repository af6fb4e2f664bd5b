"""What is noted of lanes is what plans told of them, however little of it is compared."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.plan import WaitReason
from skalds.model.snapshot import TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES
from skalds.system_controller.monitor.noted_reasons import NotedReasons
from tests.unit.planning.clusters import NOW, Backlog, lane, node, plan, random_backlog, snapshot

modest = settings(max_examples=150, deadline=None, derandomize=True)

_WANT_OF_ROOM = {WaitReason.NO_FREE_SLOT, WaitReason.RESOURCES, WaitReason.NODE_BREAKER}


def next_cluster(before: Backlog, served: set[str], chance: random.Random) -> tuple[Backlog, set[int]]:
    """Other nodes, tenants and limits, tasks served, a few lanes new; and the lanes in which something changed."""
    other = random_backlog(chance.randrange(1 << 32))
    kept = before.without(served)
    new = {number + 100: item for number, item in other.lanes.items() if chance.random() < 0.2}
    lanes = {number: item for number, item in kept.lanes.items() if chance.random() < 0.9} | new
    after = Backlog(
        other.nodes if chance.random() < 0.4 else before.nodes,
        lanes,
        before.visible,
        other.tenants if chance.random() < 0.3 else before.tenants,
        other.limits if chance.random() < 0.3 else before.limits,
    )
    return after, {
        number for number in before.lanes.keys() | lanes.keys() if before.lanes.get(number) != lanes.get(number)
    }


@modest
@given(seed=st.integers(0, 1 << 32))
def test_store_says_what_the_plans_said(seed: int) -> None:
    chance = random.Random(seed)
    backlog, noted, stored = random_backlog(seed), NotedReasons(), dict[int, WaitReason]()
    noted.start_over(dict.fromkeys(backlog.lanes))
    changed = set(backlog.lanes)
    for _ in range(6):
        strategy = STRATEGIES[DispatcherStrategyEnum.LEAST_TASKS]()
        found = plan_dispatch(backlog.snapshot, strategy, random.Random(1), chance.choice([1, 1000, 1000]))
        noted.doubt({assign.lane for assign in found.assignments})
        expected = dict(stored)
        for number in stored.keys() | backlog.lanes.keys():
            told = found.rejections.of(number)
            was_passed_over = stored.get(number) is WaitReason.TENANT_SHARE and number not in changed
            stays = was_passed_over and not found.assignments
            if told is None and found.complete:
                expected.pop(number, None)
            elif told is not None and not (stays and told.reason in _WANT_OF_ROOM):
                expected[number] = told.reason
        changes = noted.changes(found)
        noted.note(changes)
        stored = _with(stored, changes)

        if found.complete:
            assert {n: stored.get(n) for n in backlog.lanes} == {n: expected.get(n) for n in backlog.lanes}
            changed = set()
        assert +noted.counts == Counter(stored.values())
        backlog, changed_now = next_cluster(backlog, {assign.task_id for assign in found.assignments}, chance)
        changed |= changed_now
        noted.doubt(changed_now)


def _with(stored: Mapping[int, WaitReason], changes: Mapping[int, WaitReason | None]) -> dict[int, WaitReason]:
    merged = {**stored, **changes}
    return {number: reason for number, reason in merged.items() if reason is not None}


def test_full_fleet_takes_back_nothing_that_was_told_of_shares() -> None:
    lanes = [lane(1, [NOW - 5], LaneKey("busy", "C")), lane(2, [NOW - 1], LaneKey("idle", "C"))]
    before = snapshot([node("n1", slots=3, used_slots=2)], lanes, tenants={"busy": TenantView(used_slots=2)})
    noted = NotedReasons()
    noted.start_over({1: None, 2: None})
    first = noted.changes(plan(before))
    noted.note(first)
    full = replace(before, nodes=[node("n1", slots=3, used_slots=3)], lanes=lanes[:1])

    assert first == {1: WaitReason.TENANT_SHARE}
    assert noted.changes(plan(full)) == {}


def test_nothing_is_compared_twice_while_all_are_told_the_same() -> None:
    lanes = [lane(number, [NOW], LaneKey("t", "C")) for number in range(9)]
    full = snapshot([node("n1", used_slots=2)], lanes)
    noted = NotedReasons()
    noted.start_over(dict.fromkeys(range(9)))
    noted.note(noted.changes(plan(full)))
    again = plan(full)

    assert set(again.rejections.may_differ(plan(full).rejections.common)) == set()
    assert noted.changes(again) == {}
    assert noted.counts == {WaitReason.NO_FREE_SLOT: 9}
