"""Several controllers on MongoDB, Kafka and Redis: one leads, the others take over, nothing is lost or run twice."""

import random
import signal
import time
from pathlib import Path

import pytest

from skalds.testing.waiting import wait_for
from tests.integration.system.fleet import Fleet, elapsed

pytestmark = [pytest.mark.integration, pytest.mark.acceptance]

CONTROLLERS = ["controller-1", "controller-2"]
NODES = ["node-a", "node-b"]
FAILOVER = 5.0
RESIGN = 1.0


@pytest.fixture
def pair(fleet: Fleet) -> Fleet:
    """Two controllers and two nodes."""
    for name in CONTROLLERS:
        fleet.add_controller(name)
    fleet.start_marking_nodes(*NODES)
    return fleet


def test_tasks_run_once_whichever_controller_takes_them(pair: Fleet) -> None:
    ids = []
    for name in CONTROLLERS:
        pair.use(name)
        ids += pair.submit_marking(20)
    tasks = pair.wait_final(ids)
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    assert {task["executor"] for task in tasks} == set(NODES)
    assert [pair.starts_of(task) for task in ids] == [{1: 1}] * 40
    assert len(pair.leaders()) == 1


def test_a_killed_leader_is_replaced_within_five_seconds(pair: Fleet) -> None:
    leader = pair.wait_leader()
    before = pair.submit_marking(10, seconds=0.2)
    pair.kill(leader)
    killed_at = time.monotonic()
    pair.wait_leader(other_than=leader, seconds=FAILOVER)
    assert elapsed(killed_at) <= FAILOVER
    after = pair.submit_marking(10)
    for task in pair.wait_final([*before, *after]):
        assert task["lifecycleStatus"] == "Finished"
        assert set(pair.starts_of(task["id"]).values()) == {1}


def test_a_leader_that_stops_cleanly_is_replaced_within_a_second(pair: Fleet) -> None:
    leader = pair.wait_leader()
    other = next(name for name in CONTROLLERS if name != leader)
    pair.use(other)
    term = pair.status_of(leader)["term"]
    pair.processes.kill(leader, signal.SIGTERM)
    pair.processes.processes[leader].wait(20)
    stopped_at = time.monotonic()
    wait_for(lambda: pair.status_of(other).get("leading"), RESIGN)
    assert elapsed(stopped_at) <= RESIGN
    assert pair.status_of(other)["term"] > term


def test_a_leader_that_was_frozen_gives_nothing_away_when_it_goes_on(pair: Fleet) -> None:
    leader = pair.wait_leader()
    other = next(name for name in CONTROLLERS if name != leader)
    pair.use(other)
    pair.processes.kill(leader, signal.SIGSTOP)
    pair.wait_leader(other_than=leader, seconds=FAILOVER)
    ids = pair.submit_marking(20, seconds=0.1)
    pair.processes.kill(leader, signal.SIGCONT)
    ids += pair.submit_marking(20)
    tasks = pair.wait_final(ids)
    assert [pair.starts_of(task["id"]) for task in tasks] == [{1: 1}] * len(ids)
    assert len(pair.leaders()) == 1


def test_a_node_that_falls_silent_loses_its_task_to_another(pair: Fleet) -> None:
    [task_id] = pair.submit_marking(1, seconds=600)
    task = pair.wait_status(task_id, "Running")
    wait_for(lambda: pair.starts_of(task_id))
    pair.processes.kill(task["executor"], signal.SIGSTOP)
    stopped_at = time.monotonic()
    again = pair.wait_status(task_id, "Running", attempt=2, seconds=20)
    assert elapsed(stopped_at) <= 12.0
    assert again["executor"] != task["executor"]
    pair.processes.kill(task["executor"], signal.SIGCONT)


def test_three_controllers_killed_paused_and_cut_off_at_random(stormy: Fleet, tmp_path: Path) -> None:
    rng = random.Random(20)
    names = [*stormy.addresses]
    ids: list[str] = []
    for _ in range(6):
        ids += stormy.patiently_submit(20, seconds=0.05)
        victim = rng.choice(names)
        fault = rng.choice(["kill", "pause", "cut"])
        if fault == "kill":
            stormy.processes.kill(victim)
            stormy.restart(victim)
        elif fault == "pause":
            stormy.processes.kill(victim, signal.SIGSTOP)
            stormy.wait_leader(other_than=victim)
            stormy.processes.kill(victim, signal.SIGCONT)
        else:
            stormy.proxies[victim].cut()
            stormy.wait_leader(other_than=victim)
            ids += stormy.patiently_submit(10)
            stormy.proxies[victim].heal()
    tasks = stormy.wait_final(ids)
    assert len(ids) == len(set(ids))
    assert {task["lifecycleStatus"] for task in tasks} == {"Finished"}
    for task in tasks:
        starts = stormy.starts_of(task["id"])
        assert set(starts.values()) == {1}, task["id"]
        assert max(starts) <= task["attempt"]
    wait_for(lambda: len(stormy.leaders()) == 1)
