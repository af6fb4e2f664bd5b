"""What an idle system costs: controller, three nodes and their zygotes, and the command that keeps them."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from bench.figure import Figure
from bench.system import APP
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for

SETTLE_SECONDS = 5.0
WINDOW_SECONDS = 10.0
WINDOWS = 3


def measure() -> Sequence[Figure]:
    """Share of one core that `skalds up --nodes 3` uses while nothing happens, over a few windows."""
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory, LocalProcesses(Path(directory)) as processes:
        command = [sys.executable, "-m", "skalds.cli.main", "up", "--nodes", "3", "--app", APP, "--port", "0"]
        processes.start("up", *command)
        wait_for(lambda: "is up at" in processes.log_of("up"), 20)
        address = processes.log_of("up").split("is up at ")[1].split()[0]
        wait_for(lambda: _online(address) == 3, 20)
        time.sleep(SETTLE_SECONDS)
        shares = [_share(processes) for _ in range(WINDOWS)]
        count = len(processes.family())
    return [Figure("idle: skalds up --nodes 3", "% of one core", shares, 2, reference={"processes": count})]


def _online(address: str) -> int:
    nodes = httpx.get(f"{address}/api/skalds/").json()["items"]
    return sum(node["status"] == "online" for node in nodes)


def _share(processes: LocalProcesses) -> float:
    before, started = _cpu_seconds(processes), time.perf_counter()
    time.sleep(WINDOW_SECONDS)
    return (_cpu_seconds(processes) - before) / (time.perf_counter() - started) * 100


def _cpu_seconds(processes: LocalProcesses) -> float:
    total = 0.0
    for process in processes.family():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total
