"""Several controllers and their nodes on the distributed engine, as real processes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.acceptance.running_system import Json, RunningSystem
from tests.fault_proxy import FaultProxy

WORKERS = str(Path(__file__).with_name("fleet_workers.py"))


@dataclass
class Fleet(RunningSystem):
    """`call` asks the controller whose address is set; `use` chooses another one."""

    addresses: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    proxies: dict[str, FaultProxy] = field(default_factory=dict)
    """Between a controller and the store, of those that have one."""

    def add_controller(self, name: str, **environment: str) -> None:
        """Starts one more controller, with settings of its own where some are given."""
        self.settings[name] = environment
        self.addresses[name] = self.processes.start_controller(name=name, environment=environment)
        self.address = self.address or self.addresses[name]

    def use(self, name: str) -> None:
        """Asks this controller from now on."""
        self.address = self.addresses[name]

    def kill(self, name: str) -> None:
        """Kills a controller and asks another one from now on."""
        self.processes.kill(name)
        del self.addresses[name]
        self.address = next(iter(self.addresses.values()))

    def status_of(self, name: str) -> Json:
        """What a controller says of its dispatcher; nothing if it does not answer."""
        try:
            found: Json = self.http.get(f"{self.addresses[name]}/api/dispatcher", timeout=2).json()
        except httpx.HTTPError:
            return {}
        return found

    def leaders(self) -> list[str]:
        """The controllers that say that they lead."""
        return [name for name in self.addresses if self.status_of(name).get("leading")]

    def wait_leader(self, *, other_than: str = "", seconds: float = 10.0) -> str:
        """Waits until a controller leads; returns its name."""
        return wait_for(partial(self._leader, other_than), seconds)

    def _leader(self, other_than: str) -> str:
        return next((name for name in self.leaders() if name != other_than), "")

    def restart(self, name: str) -> None:
        """Starts a controller again that was killed, at the address it had."""
        port = urlsplit(self.addresses[name]).port or 0
        self.processes.start_controller(name=name, port=port, environment=self.settings[name])

    def start_marking_nodes(self, *names: str) -> None:
        """Starts nodes that run `submit_marking`."""
        self.start_nodes(*names, app=WORKERS)

    def submit_marking(self, count: int, *, seconds: float = 0.0) -> list[str]:
        """Submits tasks that leave a mark and then work for so long; returns their ids."""
        return self.submit("Marking", count, attachments={"folder": str(self.folder), "seconds": seconds})

    def patiently_submit(self, count: int, *, seconds: float = 0.0) -> list[str]:
        """The same through whichever controller answers; each call stores its tasks once, however often it is tried."""
        key = os.urandom(8).hex()
        drafts = [
            {
                "className": "Marking",
                "idempotencyKey": f"{key}-{number}",
                "attachments": {"folder": str(self.folder), "seconds": seconds},
            }
            for number in range(count)
        ]
        return wait_for(partial(self._try_to_submit, drafts), 30)

    def _try_to_submit(self, drafts: list[Json]) -> list[str]:
        for name in self.addresses:
            try:
                answer = self.http.post(f"{self.addresses[name]}/api/tasks", json=drafts, timeout=3)
            except httpx.HTTPError:
                continue
            if answer.status_code == httpx.codes.CREATED:
                self.use(name)
                return [item["id"] for item in answer.json()["items"]]
        return []

    def starts_of(self, task_id: str) -> dict[int, int]:
        """How often user code was entered, by attempt."""
        marks = {path.suffix: path.read_text() for path in self.folder.glob(f"{task_id}.*")}
        return {int(suffix[1:]): text.count("started") for suffix, text in marks.items()}


@contextmanager
def fleet_in(directory: Path, environment: dict[str, str]) -> Iterator[Fleet]:
    """A fleet without any process yet."""
    folder = directory / "files"
    folder.mkdir()
    with LocalProcesses(directory, environment) as processes, httpx.Client(timeout=30) as http:
        yield Fleet(processes, folder, http)


def elapsed(since: float) -> float:
    """Seconds since a moment of the monotonic clock."""
    return time.monotonic() - since
