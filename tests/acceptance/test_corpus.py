"""Wrong input against a running controller: a clear refusal, nothing stored, nothing broken."""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from skalds.testing.local_processes import LocalProcesses
from tests.acceptance.corpus_requests import Answer, Item, items
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance

WORKERS = str(Path(__file__).with_name("corpus_workers.py"))
LINE_START = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}")
FAR = 253_402_300_799_999


@dataclass
class Target:
    """The controller under test, how many tasks it has, and how much of its log was read."""

    system: RunningSystem
    tasks: int = 0
    _log_read: int = field(default=0)

    @property
    def address(self) -> str:
        return self.system.address.removeprefix("http://")

    def count(self) -> int:
        return int(self.system.call("GET", "/api/system/dashboard/summary").json()["totalTasks"])

    def new_log_lines(self) -> list[str]:
        log = self.system.processes.log_of("controller")
        new, self._log_read = log[self._log_read :], len(log)
        return new.splitlines()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A controller with one node and a task of each kind that the corpus speaks of."""
    folder = tmp_path_factory.mktemp("corpus")
    with LocalProcesses(folder) as processes, httpx.Client(timeout=30) as http:
        system = RunningSystem(processes, folder, http)
        system.start_controller()
        system.start_nodes("corpus", app=WORKERS)
        system.submit("Nobody", id="waiting", attachments={})
        system.submit("Nobody", id="keyed", idempotencyKey="key-1")
        system.submit("Survey", id="surveyed", attachments={"camera": "c"}, notBefore=FAR)
        system.submit("Nobody", id="ended")
        system.call("POST", "/api/tasks/ended/cancel")
        system.wait_final(system.submit("Relaxed", id="finished"))
        target = Target(system)
        target.tasks = target.count()
        yield target


def text_of(answer: Answer) -> str:
    """The body on one line, without the blanks that JSON writers differ about."""
    try:
        return json.dumps(json.loads(answer.body), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return answer.body.decode(errors="replace")


def code_of(answer: Answer) -> str | None:
    body: Any = json.loads(answer.body)
    return body.get("code") if isinstance(body, dict) else None


@pytest.mark.parametrize("item", [pytest.param(item, id=item.name) for item in items()])
def test_input_is_answered_as_the_corpus_says(target: Target, item: Item) -> None:
    answer = item.send(target.address)

    before, target.tasks = target.tasks, target.count()
    assert target.tasks - before == item.stored
    text = text_of(answer)
    assert answer.status == item.fields["status"], text
    assert "Traceback" not in text
    if item.fields["code"] is not None:
        assert code_of(answer) == item.fields["code"], text
    assert item.fields.get("message", "") in text
    log = target.new_log_lines()
    assert [line for line in log if not LINE_START.match(line)] == []
    assert [line for line in log if "Traceback" in line or " ERROR " in line] == []


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    names = [item.name for item in items()]

    assert len(names) >= 150
    assert len(set(names)) == len(names)


def test_others_are_served_while_requests_stay_unfinished(target: Target) -> None:
    host, _, port = target.address.rpartition(":")
    halves = [b"", b"GET /api HT", b"POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{"]
    half_open = [socket.create_connection((host, int(port))) for _ in range(300)]
    try:
        for number, connection in enumerate(half_open):
            connection.sendall(halves[number % len(halves)])

        assert target.system.call("GET", "/api/system/health").elapsed.total_seconds() < 2
        assert target.system.call("POST", "/api/tasks", json={"className": "Demo"}).status_code == 201
    finally:
        for connection in half_open:
            connection.close()
    target.tasks = target.count()
