"""From a client's submit to the assignment, at a steady 500 submits a second on an otherwise idle system."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.figure import Figure
from bench.hollow_node import CLASS_NAME
from bench.latency import durable_commits
from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for

SUBMITS_A_SECOND = 500
SECONDS = 10
ROUNDS = 3
CONNECTIONS = 32
ALLOWANCE_MS = 10.0
_PAGE = 100


def measure() -> Sequence[Figure]:
    """p99 from before the request to `assignedAt`, beside the p99 of one durable commit to the same disk."""
    rounds: list[_Load] = []
    commits: list[float] = []
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory, LocalProcesses(Path(directory)) as processes:
        address = processes.start_controller()
        processes.start("hollow", sys.executable, "-m", "bench.hollow_node")
        wait_for(lambda: _online(address), 20)
        _submit_all(address, SUBMITS_A_SECOND)
        for number in range(ROUNDS):
            rounds.append(_submit_all(address, SUBMITS_A_SECOND * SECONDS))
            commits += durable_commits(Path(directory, f"raw{number}.db"))
    commit_p99 = _percentile(commits, 99)
    figure = Figure(
        "submit to assigned at 500/s, p99",
        "ms",
        [_percentile(load.latencies, 99) for load in rounds],
        round(ALLOWANCE_MS + commit_p99, 1),
        reference={
            "p50 ms": statistics.median(latency for load in rounds for latency in load.latencies),
            "one durable commit p99 ms": commit_p99,
            "sent behind schedule p99 ms": _percentile([late for load in rounds for late in load.late], 99),
            "submits": sum(len(load.latencies) for load in rounds),
        },
    )
    return [figure]


def _online(address: str) -> bool:
    nodes = httpx.get(f"{address}/api/skalds/").json()["items"]
    return any(node["status"] == "online" for node in nodes)


class _Load(NamedTuple):
    """What a round of submits met: ms from each send to its assignment, and by how much it was sent too late."""

    latencies: Sequence[float]
    late: Sequence[float]


def _submit_all(address: str, count: int) -> _Load:
    """Submits one task after the other on schedule, whatever has become of those before."""
    sent, late = asyncio.run(_send_all(address, count))
    assigned = _assigned_moments(address, sent)
    return _Load([assigned[task_id] - at for task_id, at in sent.items()], late)


async def _send_all(address: str, count: int) -> tuple[dict[str, float], list[float]]:
    sent: dict[str, float] = {}
    late: list[float] = []
    lines = [await _Line.open(address) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    numbers = iter(range(count))

    async def send(line: _Line) -> None:
        # A connection takes the next moment of the schedule as soon as it is free, so one that waits for an answer
        # holds up nothing as long as there are others.
        for number in numbers:
            due = began + number / SUBMITS_A_SECOND
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late.append((time.monotonic() - due) * 1000)
            at = time.time() * 1000
            answer = await line.submit({"className": CLASS_NAME})
            sent[answer["id"]] = at

    await asyncio.gather(*map(send, lines))
    for line in lines:
        line.close()
    return sent, late


def _assigned_moments(address: str, sent: Mapping[str, float]) -> Mapping[str, float]:
    """When (wall ms) each task was assigned; they are the newest there are."""
    found: dict[str, float] = {}

    def all_accepted() -> bool:
        for page in range(1, 2 + len(sent) // _PAGE):
            answer = httpx.get(f"{address}/api/tasks/", params={"page": page, "pageSize": _PAGE}).json()
            found.update((task["id"], task["runs"][0]["assigned"]) for task in answer["items"] if task["runs"])
        return found.keys() >= sent.keys()

    wait_for(all_accepted, 20)
    return found


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

    async def submit(self, draft: Mapping[str, Any]) -> Any:
        """The task as it was stored."""
        data = json.dumps(draft).encode()
        head = f"POST /api/tasks HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        status, *headers = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(int(line.split(":")[1]) for line in headers if line.startswith("content-length:"))
        answer = await self._reader.readexactly(length)
        if status.split()[1] != "201":
            raise AssertionError(f"{status}: {answer!r}")
        return json.loads(answer)

    def close(self) -> None:
        self._writer.close()


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
