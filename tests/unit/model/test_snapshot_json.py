"""A snapshot survives the way through JSON, and a plan made of it is the same."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.model.resources import Resources
from skalds.model.snapshot import ClusterSnapshot, PreemptibleRun
from skalds.model.snapshot_json import plan_to_json, snapshot_from_json, snapshot_to_json
from skalds.planning.dispatch import plan_dispatch
from skalds.planning.strategies.least_tasks import LeastTasks
from tests.unit.planning.clusters import Backlog, backlogs

RUNS = st.lists(
    st.builds(
        PreemptibleRun,
        task_id=st.text(min_size=1, max_size=4),
        attempt=st.integers(1, 9),
        node_id=st.sampled_from(["n0", "n1", "n9"]),
        priority=st.integers(0, 10),
        slots=st.integers(0, 3),
        resources=st.builds(Resources, st.integers(0, 4000), st.integers(0, 2**60), st.integers(0, 8)),
        leaving_for=st.none() | st.text(max_size=4),
    ),
    max_size=3,
).map(tuple)


def as_tuples(snapshot: ClusterSnapshot) -> ClusterSnapshot:
    """The same value with every sequence a tuple."""
    lanes = tuple(replace(lane, heads=tuple(lane.heads)) for lane in snapshot.lanes)
    return replace(snapshot, nodes=tuple(snapshot.nodes), lanes=lanes)


@given(backlog=backlogs, runs=RUNS, step=st.integers(1, 10**9), spread=st.text(max_size=5))
def test_what_is_read_back_is_what_was_written(
    backlog: Backlog, runs: tuple[PreemptibleRun, ...], step: int, spread: str
) -> None:
    snapshot = replace(as_tuples(backlog.snapshot), preemptible=runs, ageing_step_ms=step, spread_label=spread)

    assert snapshot_from_json(json.loads(json.dumps(snapshot_to_json(snapshot)))) == snapshot


@given(backlog=backlogs, runs=RUNS, seed=st.integers(0, 2**32))
def test_the_plan_of_what_is_read_back_is_the_same(
    backlog: Backlog, runs: tuple[PreemptibleRun, ...], seed: int
) -> None:
    snapshot = replace(backlog.snapshot, preemptible=runs)
    again = snapshot_from_json(json.loads(json.dumps(snapshot_to_json(snapshot))))

    first, second = (plan_dispatch(one, LeastTasks(), random.Random(seed)) for one in (snapshot, again))

    assert plan_to_json(second) == json.loads(json.dumps(plan_to_json(first)))


def test_anything_else_is_refused() -> None:
    with pytest.raises((KeyError, TypeError)):
        snapshot_from_json({"now": 1})
