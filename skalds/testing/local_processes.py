"""A real controller and real nodes as child processes, for acceptance tests and measurements."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

_STOP_SECONDS = 20.0

_OF_OTHERS = ("SKALD", "DISPATCHER_", "MONGO_", "KAFKA_", "REDIS_", "DB_NAME")
"""How variables begin that are meant for a system of the user's, not for the one that is started here."""


def is_alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits for its parent to notice its end does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class LocalProcesses:
    """Starts, kills and stops processes over one data directory; leaving the context ends every one of them.

    Their output is in `<directory>/<name>.log`.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)},
            "SKALDS_DATA_DIR": str(directory / "data"),
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_controller(
        self, *arguments: str, name: str = "controller", port: int = 0, environment: Mapping[str, str] | None = None
    ) -> str:
        """Starts a controller and returns its address once it listens."""
        read_end, write_end = os.pipe()
        command = ["controller", "--port", str(port), "--ready-fd", str(write_end), *arguments]
        self._start(name, [sys.executable, "-m", "skalds.cli.main", *command], environment or {}, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as line:
            address = line.readline().strip()
        if not address:
            raise ChildProcessError(f"the controller did not start:\n{self.log_of(name)}")
        return address

    def start_node(
        self, name: str, app: str, *, slots: int = 2, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Starts a node of `module:attribute`, or of a script (a path that ends in `.py`)."""
        command = [app] if app.endswith(".py") else ["-m", "skalds.cli.main", "node", "--app", app]
        settings = {"SKALD_ID": name, "SKALD_SLOTS": str(slots), **(environment or {})}
        return self._start(name, [sys.executable, *command], settings)

    def start(self, name: str, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Starts any other command with the same environment, and more."""
        return self._start(name, list(command), environment)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Sends the signal; after SIGKILL also waits for the process to be gone."""
        process = self.processes[name]
        process.send_signal(number)
        if number is signal.SIGKILL:
            process.wait()
            del self.processes[name]

    def log_of(self, name: str) -> str:
        """What the process has printed so far."""
        return (self.directory / f"{name}.log").read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """Every living process that was started here, with all descendants."""
        found = []
        for process in self.processes.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = psutil.Process(process.pid)
                found += [parent, *parent.children(recursive=True)]
        return found

    def stop(self) -> None:
        """Interrupts everything, nodes before controllers, and kills what does not end."""
        for name in sorted(self.processes, key=lambda name: name.startswith("controller")):
            process = self.processes.pop(name)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start(
        self, name: str, command: list[str], environment: Mapping[str, str], pass_fds: list[int] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.directory / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=pass_fds or (),
                start_new_session=True,
            )
        return self.processes[name]
