"""A system in which one process is killed at a chosen place, and a supervisor starts what died again."""

import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from skalds.testing.local_processes import LocalProcesses

T = TypeVar("T")

WORKERS = str(Path(__file__).with_name("fault_workers.py"))
# As in the worker's program, which is a node as soon as it is imported.
ENTRIES, GO = "entries", "go"
NODES = ("a", "b")
CONTROLLER = "controller"
_PATIENCE = 20.0


class MendedSystem:
    """A controller and two nodes. Every wait also starts again what was killed, without the fault it was killed by."""

    def __init__(self, processes: LocalProcesses, folder: Path, http: httpx.Client) -> None:
        self.processes = processes
        self.folder = folder
        self.deaths: dict[str, int] = {}
        """Exit status of each process that ended unasked."""
        self._http = http
        self._address = ""

    def start(self, victim: str, fault: str) -> None:
        """Starts everything, the victim with its fault."""
        environment = {"SKALDS_FAILPOINTS": fault}
        for name in NODES:
            # Before the controller: they load while it does, and wait for it.
            self.processes.start_node(name, WORKERS, environment=environment if name == victim else None)
        self._address = self.processes.start_controller(environment=environment if victim == CONTROLLER else None)
        self.wait_for(lambda: {node["id"] for node in self._nodes() if node["status"] == "online"} == set(NODES))

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The answer to a request that is sent again until there is one."""
        answers: list[httpx.Response] = []

        def send() -> bool:
            try:
                answers.append(self._http.request(method, f"{self._address}{path}", **arguments))
            except httpx.TransportError:
                return False
            return True

        self.wait_for(send)
        return answers[0]

    def submit(self, ids: list[str]) -> None:
        """Submits the tasks until that is acknowledged; the key makes sending it again harmless."""
        drafts = [
            {"id": id_, "className": "Entered", "idempotencyKey": id_, "attachments": {"folder": str(self.folder)}}
            for id_ in ids
        ]
        answer = self.call("POST", "/api/tasks", json=drafts)
        assert answer.status_code == 201, answer.text

    def tasks(self) -> dict[str, Any]:
        return {task["id"]: task for task in self.call("GET", "/api/tasks?pageSize=100").json()["items"]}

    def let_go(self) -> None:
        """Lets every run end."""
        (self.folder / GO).touch()

    def entries(self) -> Counter[tuple[str, int]]:
        """How often user code was entered, for each task and attempt."""
        path = self.folder / ENTRIES
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter((id_, int(attempt)) for id_, attempt in map(str.split, lines))

    def wait_for(self, fact: Callable[[], T], seconds: float = _PATIENCE) -> T:
        deadline = time.monotonic() + seconds
        while True:
            self.mend()
            if seen := fact():
                return seen
            assert time.monotonic() < deadline, f"it never came true; {self._story()}"
            time.sleep(0.02)

    def wait_died(self, name: str) -> None:
        """Waits for the death the fault brings, and only for that one."""
        self.wait_for(lambda: name in self.deaths)
        assert self.deaths[name] == -signal.SIGKILL, self._story()

    def kill(self, name: str) -> None:
        """Kills a process that is then started again like any other."""
        self.processes.processes[name].kill()

    def mend(self) -> None:
        """Starts what died again."""
        for name, process in list(self.processes.processes.items()):
            if process.poll() is None:
                continue
            self.deaths[name] = process.returncode
            if name == CONTROLLER:
                self.processes.start_controller(port=int(self._address.rpartition(":")[2]))
            else:
                self.processes.start_node(name, WORKERS)

    def _nodes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "/api/skalds").json()["items"]
        return found

    def _story(self) -> str:
        return "\n".join([f"deaths: {self.deaths}", *(self.processes.log_of(name) for name in (CONTROLLER, *NODES))])
