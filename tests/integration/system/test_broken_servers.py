"""What each server's failure costs: time, never a task, and nobody has to restart anything (S14, S15, L7)."""

import time

import pytest

from skalds.testing.waiting import wait_for
from tests.integration.system.conftest import Servers
from tests.integration.system.fleet import Fleet, elapsed

pytestmark = [pytest.mark.integration, pytest.mark.acceptance]

BACK = 10.0
"""Seconds after which a server that is back serves at full rate."""

NODES = {"node-a", "node-b"}


def ends_well(fleet: Fleet, ids: list[str], seconds: float = 60.0) -> None:
    """Every task ends Finished, and no attempt entered user code twice."""
    for task in fleet.wait_final(ids, seconds):
        assert task["lifecycleStatus"] == "Finished", task
        assert set(fleet.starts_of(task["id"]).values()) == {1}


def runs_at_once(fleet: Fleet) -> bool:
    """Whether tasks run as fast as on a healthy system, that is without waiting for a slow look."""
    started = time.monotonic()
    ends_well(fleet, fleet.submit_marking(4))
    return elapsed(started) < 1.0


def online(fleet: Fleet) -> set[str]:
    return {node["id"] for node in fleet.nodes() if node["status"] == "online"}


def test_redis_away_for_longer_than_a_lease_loses_no_node(fragile: Fleet, servers: Servers) -> None:
    [long] = fragile.submit_marking(1, seconds=20)
    fragile.wait_status(long, "Running")
    servers.redis.kill()
    killed_at = time.monotonic()
    while elapsed(killed_at) < 13:
        ends_well(fragile, fragile.submit_marking(2))
    assert online(fragile) == NODES
    servers.redis.start()
    wait_for(lambda: runs_at_once(fragile), BACK)
    ends_well(fragile, [long])
    assert fragile.task(long)["attempt"] == 1


def test_redis_flushed_and_restarted_empty_loses_no_node(fragile: Fleet, servers: Servers) -> None:
    [long] = fragile.submit_marking(1, seconds=16)
    servers.redis.flush()
    ends_well(fragile, fragile.submit_marking(4))
    servers.redis.restart_empty()
    wait_for(lambda: runs_at_once(fragile), BACK)
    ends_well(fragile, [long])
    assert fragile.task(long)["attempt"] == 1
    assert online(fragile) == NODES


def test_redis_that_stands_still_loses_no_node(fragile: Fleet, servers: Servers) -> None:
    servers.redis.pause()
    paused_at = time.monotonic()
    while elapsed(paused_at) < 13:
        ends_well(fragile, fragile.submit_marking(2))
    assert online(fragile) == NODES
    servers.redis.resume()
    wait_for(lambda: runs_at_once(fragile), BACK)


def test_without_kafka_tasks_run_a_little_later(fragile: Fleet, servers: Servers) -> None:
    servers.kafka.kill()
    ends_well(fragile, fragile.submit_marking(10))
    servers.kafka.start()
    started = time.monotonic()
    wait_for(lambda: runs_at_once(fragile), BACK + 5)
    assert elapsed(started) < BACK + 5


def test_kafka_that_stands_still_costs_time_only(fragile: Fleet, servers: Servers) -> None:
    servers.kafka.pause()
    ends_well(fragile, fragile.submit_marking(10))
    servers.kafka.resume()
    wait_for(lambda: runs_at_once(fragile), BACK + 5)


def test_nothing_acknowledged_is_lost_when_mongodb_is_killed(fragile: Fleet, servers: Servers) -> None:
    ids = fragile.submit_marking(20, seconds=0.2)
    [long] = fragile.submit_marking(1, seconds=12)
    fragile.wait_status(long, "Running")
    servers.mongo.kill()
    draft = {"className": "Marking", "attachments": {"folder": str(fragile.folder)}}
    assert fragile.call("POST", "/api/tasks", json=draft).status_code == 503
    servers.mongo.start()
    back_at = time.monotonic()
    ids += fragile.patiently_submit(4)
    wait_for(lambda: runs_at_once(fragile), BACK)
    assert elapsed(back_at) < BACK
    ends_well(fragile, [*ids, long])
    assert fragile.task(long)["attempt"] == 1
    assert fragile.call("GET", "/api/tasks/").json()["total"] >= len(ids) + 1


def test_mongodb_that_stands_still_for_half_a_minute_loses_no_node(fragile: Fleet, servers: Servers) -> None:
    [long] = fragile.submit_marking(1, seconds=40)
    fragile.wait_status(long, "Running")
    servers.mongo.pause()
    time.sleep(30)  # the fault itself: a store that does not answer for this long
    servers.mongo.resume()
    wait_for(lambda: runs_at_once(fragile), BACK)
    ends_well(fragile, [long])
    assert fragile.task(long)["attempt"] == 1
    assert online(fragile) == NODES
