"""What a failing Kafka costs: time, never a task, and nobody has to restart anything (S14, L7)."""

import time

import pytest

from skalds.testing.waiting import wait_for
from tests.integration.system.conftest import Servers
from tests.integration.system.fleet import Fleet, elapsed
from tests.integration.system.recovery import BACK, ends_well, runs_at_once

pytestmark = [pytest.mark.integration, pytest.mark.acceptance]


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
