"""From a client's submit to the assignment, at a steady 500 submits a second on an otherwise idle system."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.figure import Figure
from bench.hollow_node import CLASS_NAME
from bench.latency import durable_commits
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for

SUBMITS_A_SECOND = 500
SECONDS = 10
SENDERS = 32
ALLOWANCE_MS = 10.0


def measure() -> Sequence[Figure]:
    """p99 from before the request to `assignedAt`, beside the p99 of one durable commit to the same disk."""
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory, LocalProcesses(Path(directory)) as processes:
        address = processes.start_controller()
        processes.start("hollow", sys.executable, "-m", "bench.hollow_node")
        wait_for(lambda: _online(address), 20)
        asyncio.run(_submit_all(address, SUBMITS_A_SECOND))
        latencies = asyncio.run(_submit_all(address, SUBMITS_A_SECOND * SECONDS))
        commits = durable_commits(Path(directory, "raw.db"))
    commit_p99 = _percentile(commits, 99)
    figure = Figure(
        "submit to assigned at 500/s, p99",
        "ms",
        [_percentile(latencies, 99)],
        round(ALLOWANCE_MS + commit_p99, 1),
        reference={
            "p50 ms": statistics.median(latencies),
            "one durable commit p99 ms": commit_p99,
            "submits": len(latencies),
        },
    )
    return [figure]


def _online(address: str) -> bool:
    nodes = httpx.get(f"{address}/api/skalds/").json()["items"]
    return any(node["status"] == "online" for node in nodes)


async def _submit_all(address: str, count: int) -> list[float]:
    """Submits one task after the other on schedule; returns the ms from each send to its assignment."""
    sent: dict[str, float] = {}
    began = time.monotonic()
    numbers = iter(range(count))
    lines = [await _Line.open(address) for _ in range(SENDERS)]

    async def send(line: _Line) -> None:
        for number in numbers:
            await asyncio.sleep(max(0.0, began + number / SUBMITS_A_SECOND - time.monotonic()))
            at = time.time() * 1000
            answer = await line.ask("POST", "/api/tasks", {"className": CLASS_NAME})
            sent[answer["id"]] = at

    await asyncio.gather(*map(send, lines))
    return [await _assigned_at(lines[0], task_id) - at for task_id, at in sent.items()]


async def _assigned_at(line: "_Line", task_id: str) -> float:
    for _ in range(100):
        runs = (await line.ask("GET", f"/api/tasks/{task_id}"))["runs"]
        if runs:
            return float(runs[0]["assigned"])
        await asyncio.sleep(0.05)
    raise AssertionError(f"task {task_id} was not accepted")


class _Line:
    """One kept-alive connection; a full HTTP client would use more of the machine than what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, address: str) -> "_Line":
        host = address.removeprefix("http://")
        name, port = host.split(":")
        return cls(*await asyncio.open_connection(name, int(port)), host)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a successful answer."""
        data = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in headers if line.startswith("content-length:"))
        answer = await self._reader.readexactly(length)
        if status.split()[1] not in ("200", "201"):
            raise AssertionError(f"{status}: {answer!r}")
        return json.loads(answer)


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
