"""Shares and ageing over many rounds, in which tasks end and others take their place."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.lane import LaneKey, rank
from skalds.model.snapshot import LaneView, QueuedTask, TenantView
from tests.unit.planning.clusters import NOW, STEP, Backlog, backlogs, lane, node, plan, seeds, snapshot, strategy_names
from tests.unit.planning.oracle import Oracle

modest = settings(max_examples=30, deadline=None, derandomize=True)
TICK = STEP // 12


@dataclass
class Town:
    """One node and a few tenants; time goes by in ticks, in each of which tasks end and a complete plan is made."""

    slots: int
    size: int = 1
    weights: Mapping[str, float] = field(default_factory=dict)
    now: int = NOW
    waiting: dict[LaneKey, list[QueuedTask]] = field(default_factory=dict)
    running: list[tuple[int, str]] = field(default_factory=list)
    started: dict[str, int] = field(default_factory=dict)
    last_start: dict[str, int] = field(default_factory=dict)

    def submit(self, tenant: str, name: str, priority: int = 0) -> None:
        tasks = self.waiting.setdefault(LaneKey(tenant, "C", priority, slots=self.size), [])
        tasks.append(QueuedTask(rank(self.now, priority, STEP), name, 0))

    def use(self) -> Counter[str]:
        """The slots in use by each tenant."""
        use = Counter[str]()
        for _, tenant in self.running:
            use[tenant] += self.size
        return use

    def tick(self, duration: int) -> None:
        """Lets a tick go by; what starts now ends after `duration`."""
        self.now += TICK
        self.running = [run for run in self.running if run[0] > self.now]
        while not self._round(duration):
            pass
        if any(self.waiting.values()):
            assert self.slots - self.use().total() < self.size, "no room is idle while somebody waits for it"

    def _round(self, duration: int) -> bool:
        lanes = [
            LaneView(number, key, sorted(tasks)[:5], more=len(tasks) > 5)
            for number, (key, tasks) in enumerate(self.waiting.items())
        ]
        use, keys = self.use(), list(self.waiting)
        tenants = {
            key.tenant: TenantView(
                self.weights.get(key.tenant, 1.0), None, 0, use[key.tenant], self.last_start.get(key.tenant, 0)
            )
            for key in keys
        }
        found = plan(
            snapshot([node("n1", slots=self.slots, used_slots=use.total())], lanes, tenants=tenants, now=self.now)
        )
        for assign in found.assignments:
            key = keys[assign.lane]
            self.waiting[key] = [task for task in self.waiting[key] if task.id != assign.task_id]
            self.running.append((self.now + duration, key.tenant))
            self.last_start[key.tenant] = self.started[assign.task_id] = self.now
        return found.complete


@modest
@given(
    weights=st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0]), min_size=2, max_size=3), size=st.integers(1, 3), seed=seeds
)
def test_weighted_use_of_backlogged_tenants_differs_by_at_most_one_task(
    weights: list[float], size: int, seed: int
) -> None:
    chance = random.Random(seed)
    of = dict(zip("abc", weights, strict=False))
    town = Town(slots=12 * size, size=size, weights=of)
    for number in range(60):
        for tenant in of:
            for place in range(15):
                town.submit(tenant, f"{tenant}-{number}-{place}")
        town.tick(duration=chance.randint(1, 6) * TICK)

        use = town.use()
        for one, other in combinations(of, 2):
            behind, ahead = sorted((one, other), key=lambda tenant: use[tenant] / of[tenant])
            # use ÷ weight, multiplied by both weights so that it is exact
            assert use[ahead] * of[behind] - use[behind] * of[ahead] <= size * of[behind]


def test_next_freed_slot_goes_to_the_single_task_behind_a_hundred_thousand_of_another_tenant() -> None:
    town = Town(slots=4)
    for number in range(100_000):
        town.waiting.setdefault(LaneKey("big", "C"), []).append(QueuedTask(NOW, f"big-{number:06}", 0))
    for number in range(4):
        town.tick(duration=(4 + number) * TICK)
    town.submit("small", "the one")
    expected = min(end for end, _ in town.running)
    while "the one" not in town.started:
        town.tick(duration=4 * TICK)

    assert town.started["the one"] == expected


@pytest.mark.parametrize("priority", [0, 3, 9])
def test_endless_stream_of_higher_priority_holds_a_tenant_up_for_one_step_per_level(priority: int) -> None:
    town = Town(slots=2)
    town.submit("meek", "the one", priority)
    while "the one" not in town.started and town.now < NOW + 20 * STEP:
        for number in range(3):
            town.submit("loud", f"loud-{town.now}-{number}", 10)
        town.tick(duration=2 * TICK)

    waited = town.started["the one"] - NOW
    assert (10 - priority) * STEP <= waited <= (10 - priority) * STEP + 2 * TICK


@pytest.mark.parametrize("priority", [0, 3, 9])
def test_within_a_tenant_a_task_is_first_once_it_has_waited_one_step_per_level(priority: int) -> None:
    town = Town(slots=2)
    town.submit("t", "the one", priority)
    while "the one" not in town.started and town.now < NOW + 20 * STEP:
        for number in range(2):
            town.submit("t", f"t-{town.now}-{number}", 10)
        town.tick(duration=TICK)

    assert town.started["the one"] - NOW <= (10 - priority) * STEP + 2 * TICK


def test_tenant_alone_gets_everything_and_gives_it_up_as_tasks_end() -> None:
    town = Town(slots=6, weights={"a": 1.0, "b": 2.0})
    for number in range(200):
        town.submit("a", f"a-{number:03}")
    town.tick(duration=2 * TICK)
    assert town.use() == {"a": 6}

    for number in range(200):
        town.submit("b", f"b-{number:03}")
    town.tick(duration=2 * TICK)
    town.tick(duration=2 * TICK)
    assert town.use() == {"a": 2, "b": 4}


def test_priority_goes_before_shares() -> None:
    lanes = [lane(1, [NOW], LaneKey("a", "C")), lane(2, [NOW - 2 * STEP], LaneKey("b", "C", priority=2))]
    tenants = {"b": TenantView(used_slots=50)}
    found = plan(snapshot([node("n1", slots=1)], lanes, tenants=tenants))

    assert [assign.lane for assign in found.assignments] == [2]


@modest
@given(backlog=backlogs, name=strategy_names)
def test_within_a_tenant_nothing_that_could_start_is_passed_over(backlog: Backlog, name: str) -> None:
    oracle = Oracle(backlog)
    ranks = {task.id: task.rank for _, tasks in backlog.lanes.values() for task in tasks}
    for key, assign in oracle.follow(plan(backlog.snapshot, name).assignments):
        earlier = [
            item
            for item in oracle.placeable(hidden=True)
            if item.key.tenant == key.tenant and item.task[:2] < (ranks[assign.task_id], assign.task_id)
        ]
        assert earlier == []
