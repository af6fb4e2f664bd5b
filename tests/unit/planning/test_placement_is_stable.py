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
from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView, QueuedTask
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.registry import STRATEGIES

names = [f"node-{number}" for number in range(12)]
nodes = [NodeView(name, 1, frozenset({"A", "B", name}), 2 + place % 3) for place, name in enumerate(names)]
lanes = [
    LaneView(place, LaneKey(f"tenant-{place}", "AB"[place % 2], slots=1 + place % 2),
             [QueuedTask(head * 7 % 5, f"task-{place}-{head}", 0) for head in range(3)])
    for place in range(8)
]
for name in DispatcherStrategyEnum:
    plan = plan_dispatch(ClusterSnapshot(0, nodes, lanes), STRATEGIES[name](), random.Random(3))
    print(name, [tuple(assign) for assign in plan.assignments], sorted(plan.rejections), sorted(plan.turns.items()))
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
    assert plans["0"].count("task-0-0") == len(DispatcherStrategyEnum)
