"""What a failing Redis costs: time, never a task, and nobody has to restart anything (S14, L7)."""

import time

import pytest

from skalds.testing.waiting import wait_for
from tests.integration.system.conftest import Servers
from tests.integration.system.fleet import Fleet, elapsed
from tests.integration.system.recovery import BACK, NODES, ends_well, online, runs_at_once

pytestmark = [pytest.mark.integration, pytest.mark.acceptance]


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
