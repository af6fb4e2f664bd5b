"""A running system to measure: real processes in a temporary directory, spoken to over HTTP."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for

APP = "bench.workers:app"


@dataclass(frozen=True, slots=True)
class MeasuredSystem:
    """The processes and a client of their API."""

    processes: LocalProcesses
    http: httpx.Client

    def submit(self, class_name: str) -> str:
        """Sends one task; returns its id."""
        answer = self.http.post("/api/tasks", json={"className": class_name})
        answer.raise_for_status()
        return str(answer.json()["id"])

    def task(self, task_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/tasks/{task_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def nodes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/api/skalds/").json()["items"]
        return found

    def wait_online(self, count: int) -> None:
        wait_for(lambda: sum(node["status"] == "online" for node in self.nodes()) == count, 20)


@contextlib.contextmanager
def running_system(nodes: int, *, slots: int = 2) -> Iterator[MeasuredSystem]:
    """A controller and `nodes` nodes that are online."""
    with tempfile.TemporaryDirectory(prefix="skalds-bench-") as directory, LocalProcesses(Path(directory)) as processes:
        address = processes.start_controller()
        for number in range(1, nodes + 1):
            processes.start_node(f"node-{number}", APP, slots=slots)
        with httpx.Client(base_url=address, timeout=30) as http:
            system = MeasuredSystem(processes, http)
            system.wait_online(nodes)
            yield system
