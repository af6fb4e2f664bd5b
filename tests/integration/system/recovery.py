"""How well a fleet is after a server failed."""

import time

from tests.integration.system.fleet import Fleet, elapsed

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
