"""A system of real processes as the tests see it: over HTTP, and through signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for

WORKERS = str(Path(__file__).with_name("workers.py"))

Json = dict[str, Any]


@dataclass
class RunningSystem:
    """One controller and its nodes; `folder` is for files of workers."""

    processes: LocalProcesses
    folder: Path
    http: httpx.Client
    address: str = ""

    def start_controller(self) -> None:
        self.address = self.processes.start_controller()

    def start_nodes(self, *names: str, slots: int = 2, app: str = WORKERS, **environment: str) -> None:
        """Starts nodes and waits until all of them are online."""
        for name in names:
            self.processes.start_node(name, app, slots=slots, environment=environment)
        wait_for(lambda: set(names) <= {node["id"] for node in self.nodes() if node["status"] == "online"})

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return self.http.request(method, f"{self.address}{path}", **arguments)

    def nodes(self) -> list[Json]:
        items: list[Json] = self.call("GET", "/api/skalds/").json()["items"]
        return items

    def submit(self, class_name: str, count: int = 1, **fields: Any) -> list[str]:
        """Submits `count` equal tasks; returns their ids."""
        drafts = [{"className": class_name, **fields} for _ in range(count)]
        answer = self.call("POST", "/api/tasks", json=drafts)
        assert answer.status_code == 201, answer.text
        return [item["id"] for item in answer.json()["items"]]

    def submit_in_folder(self, class_name: str, count: int = 1, **fields: Any) -> list[str]:
        """Submits tasks whose worker leaves files in `folder`."""
        return self.submit(class_name, count, attachments={"folder": str(self.folder)}, **fields)

    def task(self, task_id: str) -> Json:
        answer = self.call("GET", f"/api/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def wait_status(self, task_id: str, status: str, *, attempt: int | None = None, seconds: float = 30) -> Json:
        """Waits until the task has this status (in this attempt); returns it."""

        def look() -> Json | None:
            task = self.task(task_id)
            return task if task["lifecycleStatus"] == status and attempt in (None, task["attempt"]) else None

        found = wait_for(look, seconds)
        assert found is not None
        return found

    def wait_final(self, ids: Sequence[str], seconds: float = 60) -> list[Json]:
        """Waits until every task has ended for good and its processes are gone."""
        for task_id in ids:
            wait_for(partial(self._ended, task_id), seconds)
        return [self.task(task_id) for task_id in ids]

    def recorded(self, task_id: str, attempt: int) -> str:
        """Waits for the file of a run; returns its text."""
        path = self.folder / f"{task_id}.{attempt}"
        return wait_for(lambda: path.read_text() if path.exists() else "")

    def _ended(self, task_id: str) -> bool:
        task = self.task(task_id)
        return bool(task["final"] and (task["releasedAt"] or not task["attempt"]))
