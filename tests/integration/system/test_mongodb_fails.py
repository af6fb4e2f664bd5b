"""What a failing MongoDB costs: time, never a task, and nobody has to restart anything (S15, L7)."""

import time

import pytest

from skalds.testing.waiting import wait_for
from tests.integration.system.conftest import Servers
from tests.integration.system.fleet import Fleet, elapsed
from tests.integration.system.recovery import BACK, NODES, ends_well, online, runs_at_once

pytestmark = [pytest.mark.integration, pytest.mark.acceptance]


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
