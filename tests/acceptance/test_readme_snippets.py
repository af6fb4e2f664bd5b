"""What the README tells a newcomer to type, typed; only the port is another one."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.unit.docs.markdown import ROOT, Block, blocks, read

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(shutil.which("curl") is None, reason="the README uses curl"),
]

PRINTED = "http://127.0.0.1:8000"
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def snippet(beginning: str) -> Block:
    """The block with a line that begins so."""
    return next(block for block in blocks(read("README.md")) if re.search(f"^{re.escape(beginning)}", block.text, re.M))


def line(beginning: str) -> str:
    return next(line for line in snippet(beginning).text.splitlines() if line.startswith(beginning))


class Newcomer:
    """Someone in a directory with the examples, who types what is printed."""

    def __init__(self, processes: LocalProcesses) -> None:
        self.processes = processes
        self.address = ""

    def starts(self, name: str, command: str) -> None:
        self.processes.start(name, "sh", "-c", f"cd '{self.processes.directory}' && exec {command}")

    def sees_the_address(self, name: str) -> None:
        found = wait_for(lambda: re.search(r"http\.listening url=(\S+)", self.processes.log_of(name)))
        assert found is not None
        self.address = found[1]
        wait_for(lambda: self.reads("/api/skalds/?status=online")["total"] == 1)

    def types(self, command: str) -> str:
        return self._run("sh", "-e", "-c", command.replace(PRINTED, self.address))

    def runs(self, program: str) -> str:
        return self._run(sys.executable, "-c", program.replace(PRINTED, self.address))

    def reads(self, path: str) -> dict[str, object]:
        answer: dict[str, object] = httpx.get(f"{self.address}{path}", timeout=30).json()
        return answer

    def _run(self, *command: str) -> str:
        return subprocess.run(
            command,
            cwd=self.processes.directory,
            env={**os.environ, "PATH": PATH},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    with LocalProcesses(tmp_path, {"PATH": PATH, "SYSTEM_CONTROLLER_PORT": "0"}) as processes:
        yield Newcomer(processes)


def test_work_is_sent_to_what_one_command_started(newcomer: Newcomer) -> None:
    newcomer.starts("up", line("skalds up --app"))
    newcomer.sees_the_address("up")

    newcomer.types(snippet("printf").text)
    from_python = newcomer.runs(snippet("import asyncio").text)

    assert from_python == snippet("Finished").text
    wait_for(lambda: newcomer.reads("/api/tasks/survey-1")["final"])
    shown = newcomer.types(snippet(f"curl -s {PRINTED}/api/tasks/survey-1").text)
    assert '"result":{"INFO":1,"WARNING":1,"ERROR":1}' in shown
    newcomer.types(snippet("curl -s -X PUT").text)
    assert newcomer.reads("/api/dispatcher")["strategy"] == "ROUND_ROBIN"


def test_controller_and_worker_can_be_started_by_hand(newcomer: Newcomer) -> None:
    newcomer.starts("controller", line("skalds controller"))
    newcomer.starts("worker", line("python examples"))
    newcomer.sees_the_address("controller")

    newcomer.types(snippet("printf").text)

    wait_for(lambda: newcomer.reads("/api/tasks/survey-1")["lifecycleStatus"] == "Finished")
