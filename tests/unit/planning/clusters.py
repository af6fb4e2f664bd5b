"""Random clusters for the planner."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey, rank
from skalds.model.plan import DispatchPlan
from skalds.model.reserved import Reserved
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import ClusterSnapshot, KeyView, LaneView, NodeView, QueuedTask, TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES

NOW = 1_750_000_000_000
STEP = 60_000

ANY_LANE = LaneKey("t", "C")

strategy_names = st.sampled_from(list(DispatcherStrategyEnum))


def node(name: str, **changes: Any) -> NodeView:
    """An empty online node with two slots that runs class `C`."""
    return replace(NodeView(name, session=1, classes=frozenset({"C"}), slots=2), **changes)


def lane(number: int, ranks: Sequence[int], key: LaneKey = ANY_LANE, *, more: bool = False) -> LaneView:
    """A lane of tasks `l<number>-<place>` with these ranks."""
    heads = [QueuedTask(rank, f"l{number}-{place:03}", 0) for place, rank in enumerate(sorted(ranks))]
    return LaneView(number, key, heads, more)


def snapshot(nodes: Sequence[NodeView], lanes: Sequence[LaneView], *, now: int = NOW, **more: Any) -> ClusterSnapshot:
    return ClusterSnapshot(now, nodes, lanes, **more)


def plan(shown: ClusterSnapshot, name: str = DispatcherStrategyEnum.LEAST_TASKS) -> DispatchPlan:
    """The plan that this strategy makes with one fixed seed."""
    return plan_dispatch(shown, STRATEGIES[name](), random.Random(7))


@dataclass(frozen=True)
class Backlog:
    """The whole queue, of which a snapshot shows the first `visible` tasks of each lane."""

    nodes: Sequence[NodeView]
    lanes: Mapping[int, tuple[LaneKey, Sequence[QueuedTask]]]
    visible: int
    tenants: Mapping[str, TenantView] = field(default_factory=dict)
    limits: Mapping[str, KeyView] = field(default_factory=dict)

    @property
    def snapshot(self) -> ClusterSnapshot:
        views = [
            LaneView(number, key, tasks[: self.visible], more=len(tasks) > self.visible)
            for number, (key, tasks) in self.lanes.items()
        ]
        return ClusterSnapshot(NOW, self.nodes, views, self.tenants, self.limits, (), STEP, "zone")

    @property
    def keys(self) -> Mapping[str, LaneKey]:
        """The lane key of each task, visible or not."""
        return {task.id: key for key, tasks in self.lanes.values() for task in tasks}

    def node(self, name: str) -> NodeView:
        return next(view for view in self.nodes if view.id == name)

    def without(self, task_ids: set[str]) -> "Backlog":
        """The same, those tasks gone."""
        lanes = {}
        for number, (key, tasks) in self.lanes.items():
            rest = [task for task in tasks if task.id not in task_ids]
            if rest:
                lanes[number] = (key, rest)
        return replace(self, lanes=lanes)


_LABELS: Sequence[tuple[tuple[str, str], ...]] = [(), (), (("zone", "a"),), (("disk", "ssd"), ("zone", "b"))]
_SIZES = [NO_RESOURCES, NO_RESOURCES, Resources(cpu=500), Resources(1000, 1 << 20, 1)]
_OFFERS = [NO_RESOURCES, Resources(2000, 1 << 30), Resources(2000, 3 << 20, 2)]


# Clusters are drawn with a plain generator from a seed: uniformly drawn ones get busy, which Hypothesis's own are not.


def random_key(chance: random.Random) -> LaneKey:
    return LaneKey(
        tenant=chance.choice("tuv"),
        class_name=chance.choice("AAABBBCCCD"),
        priority=chance.choice([0, 0, 1, 5, 10]),
        requires=chance.choice(_LABELS),
        prefers=chance.choice(_LABELS),
        slots=chance.choice([0, 1, 1, 1, 2, 3]),
        resources=chance.choice(_SIZES),
        concurrency_key=chance.choice([None, None, None, "k", "m"]),
        pinned_to=chance.choice([None] * 8 + ["n0", "n9"]),
        preemptible=chance.random() < 0.5,
    )


def random_node(name: str, chance: random.Random) -> NodeView:
    slots = chance.choice([0, 1, 2, 3, 5, 8])
    offer = chance.choice(_OFFERS)
    return NodeView(
        name,
        session=chance.randint(1, 9),
        classes=frozenset(chance.choice(["A", "AB", "ABC", "ABC"])),
        slots=slots,
        mode=chance.choice(["node"] * 9 + ["edge"]),
        online=chance.random() < 0.9,
        draining=chance.random() < 0.1,
        cordoned=chance.random() < 0.1,
        labels=chance.choice([{}, {"zone": "a"}, {"zone": "b", "disk": "ssd", "rack": name}]),
        resources=offer,
        reserved=Reserved(chance.randint(0, 2), chance.choice([0, 1, 5])),
        tripped=frozenset(chance.choice(["", "", "", "A"])),
        probing=frozenset(chance.choice(["", "", "B", "C"])),
        live_tasks=chance.randint(0, 3),
        used_slots=chance.randint(0, slots) // 2,
        used_resources=chance.choice([NO_RESOURCES, Resources(offer.cpu // 2, 0, offer.gpu // 2)]),
        machine_load=chance.choice([None, 0.25, 0.75]),
        last_turn=chance.randint(0, 5),
    )


def _random_tenant(chance: random.Random) -> TenantView:
    return TenantView(
        weight=chance.choice([0.5, 1.0, 1.0, 3.0]),
        max_running=chance.choice([None, None, None, 0, 2, 4]),
        running=chance.randint(0, 2),
        used_slots=chance.randint(0, 6),
        last_start=NOW + chance.randint(-12 * STEP, 2 * STEP),
    )


def _random_tasks(number: int, priority: int, chance: random.Random) -> Sequence[QueuedTask]:
    """In order of rank; ids do not follow the ranks, so that neither order can stand in for the other."""
    waits = [
        chance.choice([chance.randint(0, 15 * STEP), chance.randint(0, 4) * STEP]) for _ in range(chance.randint(1, 7))
    ]
    return sorted(
        QueuedTask(
            rank(NOW - wait, priority, STEP),
            f"t{chance.randrange(100):02}-{number}-{place}",
            place % 3,
            f"a{place % 2}",
        )
        for place, wait in enumerate(waits)
    )


def random_backlog(seed: int) -> Backlog:
    chance = random.Random(seed)
    views = [random_node(f"n{number}", chance) for number in range(chance.randint(0, 6))]
    chance.shuffle(views)
    keys = dict.fromkeys(random_key(chance) for _ in range(chance.randint(0, 12)))
    return Backlog(
        views,
        {number: (key, _random_tasks(number, key.priority, chance)) for number, key in enumerate(keys)},
        visible=chance.randint(1, 8),
        tenants={name: _random_tenant(chance) for name in "tuv" if chance.random() < 0.7},
        limits={name: KeyView(chance.randint(1, 3), chance.randint(0, 2)) for name in "km" if chance.random() < 0.5},
    )


seeds = st.integers(0, 1 << 32)
backlogs = seeds.map(random_backlog)
