"""From a client's send to the first line of main: one node, nothing else to do, a process per run."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import apsw

from bench.figure import Figure
from bench.system import MeasuredSystem, running_system
from skalds.testing.waiting import wait_for

SENDS = 200


def measure() -> Sequence[Figure]:
    """Sends tasks one after the other, each to an idle system."""
    with running_system(nodes=1) as system:
        for _ in range(10):
            _send(system)
        latencies = [_send(system) for _ in range(SENDS)]
        commits = durable_commits(system.processes.directory / "raw.db")
    reference = {"p99 ms": _percentile(latencies, 99), "one durable commit p50 ms": statistics.median(commits)}
    return [Figure("send to main, idle, embedded, process, p50", "ms", latencies, 20, reference=reference)]


def _send(system: MeasuredSystem) -> float:
    """Milliseconds from before the request to the first line of main."""
    sent = time.time_ns()
    task_id = system.submit("Stamp")
    wait_for(lambda: bool(system.task(task_id)["releasedAt"]), 10, pause=0.02)
    return (int(system.task(task_id)["result"]) - sent) / 1e6


def durable_commits(path: Path) -> list[float]:
    """Milliseconds of bare SQLite commits of one row, as durable as a submit."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (a TEXT)").fetchall()
    durations = []
    for _ in range(SENDS):
        started = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (?)", ("x" * 500,))
        durations.append((time.perf_counter() - started) * 1000)
    connection.close()
    return durations


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
