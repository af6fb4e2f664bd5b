"""Placement does not depend on the salt of Python's `hash()`."""

import os
import subprocess
import sys

import pytest

from skalds.config._enum import DispatcherStrategyEnum

PROGRAM = """
import random, sys
from skalds.config._enum import DispatcherStrategyEnum
from skalds.model.lane import LaneKey
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.reserved import Reserved
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, PreemptibleRun, QueuedTask, TenantView
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES

names = [f"node-{number}" for number in range(12)]
nodes = [
    NodeView(name, 1, frozenset({"A", "B", name}), 2 + place % 3, labels={"zone": "abc"[place % 3], "host": name},
             resources=Resources(cpu=2000), reserved=Reserved(place % 2, 5), probing=frozenset("AB"[place % 5:]))
    for place, name in enumerate(names)
]
lanes = [
    LaneView(place, LaneKey(f"tenant-{place % 5}", "AB"[place % 2], priority=place % 7, slots=1 + place % 2,
                            requires=(("zone", "a"),) if place % 4 == 1 else (),
                            prefers=(("zone", "b"),) if place % 4 == 2 else (),
                            resources=Resources(cpu=500) if place % 3 == 1 else NO_RESOURCES,
                            concurrency_key="AB"[place % 2] if place % 6 == 5 else None),
             [QueuedTask(head * 7 % 5, f"task-{place}-{head}", 0, f"key-{head}") for head in range(3)])
    for place in range(24)
]
runs = [PreemptibleRun(f"run-{place}", 1, name, place % 3, 1) for place, name in enumerate(names)]
tenants = {f"tenant-{number}": TenantView(1.0 + number, 7) for number in range(4)}
snapshot = ClusterSnapshot(0, nodes, lanes, tenants, {}, runs, 60_000, "zone")
for name in DispatcherStrategyEnum:
    plan = plan_dispatch(snapshot, STRATEGIES[name](), random.Random(3))
    print(name, [tuple(assign) for assign in plan.assignments], plan.rejections, plan.turns, plan.preemptions)
"""


@pytest.fixture(scope="module")
def plans() -> dict[str, str]:
    """The plans of the same cluster under different salts."""
    return {salt: run(salt) for salt in ("0", "1", "4711")}


def run(salt: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": salt}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_every_salt_gives_the_same_plans(plans: dict[str, str]) -> None:
    assert len(set(plans.values())) == 1
    assert len(plans["0"].splitlines()) == len(DispatcherStrategyEnum)
    assert all(line.count("node-") > 10 for line in plans["0"].splitlines())
