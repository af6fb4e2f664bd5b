"""A server as a container, from the repository's compose.yaml."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Self

from skalds.testing.services.fetching import ROOT
from skalds.testing.services.local_process import LocalProcess
from skalds.testing.services.place import Place
from skalds.testing.services.unavailable import Unavailable

_COMPOSE_FILE = ROOT / "compose.yaml"
_QUESTION_SECONDS = 15.0
_ORDER_SECONDS = 600.0


class Container:
    """One service of the compose file, in a project of its own; all that is known of it stands in `container.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plan = json.loads((folder / "container.json").read_text())
        self._service: str = plan["service"]
        self._project: str = plan["project"]
        self._environment: dict[str, str] = plan["environment"]

    @classmethod
    def prepare(cls, place: Place, service: str, port: int) -> Self:
        """Writes down what is started, and has it removed when the owner ends; it is not started yet."""
        _require_docker()
        place.folder.mkdir(parents=True, exist_ok=True)
        environment = {f"SKALDS_{service.upper()}_PORT": str(port)}
        plan = {"service": service, "project": f"skalds-{service}-{port}", "environment": environment}
        (place.folder / "container.json").write_text(json.dumps(plan))
        container = cls(place.folder)
        if place.owner is not None:
            # A process that does nothing but have its keeper say farewell when the owner ends.
            watch = place.below("watch")
            LocalProcess.prepare(watch, ["sleep", "infinity"], farewell=container._compose("down", "--volumes")).start()
        return container

    @property
    def pids(self) -> tuple[int, ...]:
        pid = int(self._inspect("{{.State.Pid}}") or 0)
        return (pid,) if pid else ()

    @property
    def address(self) -> str:
        return f"container:{self.folder}"

    def is_running(self) -> bool:
        return self._inspect("{{.State.Running}}") == "true"

    def log(self) -> str:
        return self._ask(*self._compose("logs", "--no-color", "--tail", "40"))

    def start(self) -> None:
        self._order("up", "--detach", "--wait", self._service)

    def stop(self) -> None:
        self._order("stop")

    def kill(self) -> None:
        if self.is_running():
            self._order("kill")

    def pause(self) -> None:
        self._order("pause")

    def resume(self) -> None:
        if self._inspect("{{.State.Paused}}") == "true":
            self._order("unpause")

    def discard(self) -> None:
        self._order("down", "--volumes", "--timeout", "0")
        LocalProcess(self.folder / "watch").discard()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _compose(self, *arguments: str) -> list[str]:
        return ["docker", "compose", "--file", str(_COMPOSE_FILE), "--project-name", self._project, *arguments]

    def _inspect(self, form: str) -> str:
        found = self._ask(*self._compose("ps", "--all", "--quiet", self._service)).strip()
        return self._ask("docker", "inspect", "--format", form, found).strip() if found else ""

    def _ask(self, *command: str) -> str:
        return _run(command, self._environment, _QUESTION_SECONDS).stdout

    def _order(self, *arguments: str) -> None:
        done = _run(self._compose(*arguments), self._environment, _ORDER_SECONDS)
        if done.returncode:
            raise Unavailable(f"docker compose {arguments[0]} failed: {done.stderr.strip()[-300:]}")


def _require_docker() -> None:
    if not shutil.which("docker") or _run(["docker", "info"], {}, _QUESTION_SECONDS).returncode:
        raise Unavailable("no Docker engine answers")
    if _run(["docker", "compose", "version"], {}, _QUESTION_SECONDS).returncode:
        raise Unavailable("docker has no compose")


def _run(
    command: list[str] | tuple[str, ...], more: dict[str, str], seconds: float
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603 - our own commands
            command, env={**os.environ, **more}, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
