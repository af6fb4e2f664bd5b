"""A server as a process of this machine."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from skalds.testing.services import keeper
from skalds.testing.services.place import Place
from skalds.testing.services.unavailable import Unavailable
from skalds.testing.waiting import wait_for

_PAUSED, _ZOMBIE = "T", "Z"
_STOP_SECONDS = 20.0
_LOG_CHARACTERS = 3_000


class LocalProcess:
    """A server kept by a process of its own, so that any process may start it again and none can leave it behind.

    All that is known of it stands in its folder: `process.json`, `pid` while it runs, `log`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def prepare(cls, place: Place, command: Sequence[str | Path], farewell: Sequence[str] = ()) -> Self:
        """Writes down how the server is started; it is not started yet. After the owner's end `farewell` is run."""
        place.folder.mkdir(parents=True, exist_ok=True)
        plan = {
            "command": [str(part) for part in command],
            "owner": place.owner,
            "sweep": str(place.sweep) if place.sweep else None,
            "farewell": list(farewell),
        }
        (place.folder / "process.json").write_text(json.dumps(plan))
        return cls(place.folder)

    @property
    def pids(self) -> tuple[int, ...]:
        found = self._recorded()
        return (found[0],) if found else ()

    @property
    def address(self) -> str:
        return f"process:{self.folder}"

    def is_running(self) -> bool:
        return self._state() not in ("", _ZOMBIE)

    def log(self) -> str:
        try:
            return (self.folder / "log").read_text(errors="replace")[-_LOG_CHARACTERS:]
        except OSError:
            return ""

    def start(self) -> None:
        if self.is_running():
            return
        # Without site packages the keeper is there in 20 ms; it must not import what it keeps servers for.
        command = [sys.executable, "-I", "-S", keeper.__file__, str(self.folder / "process.json")]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
        if not answer.stdout.startswith("pid "):
            raise Unavailable(answer.stdout.removeprefix("error ").strip() or answer.stderr.strip())

    def stop(self) -> None:
        self.resume()
        self._send(signal.SIGTERM)
        with suppress(TimeoutError):
            wait_for(self._is_gone, _STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        self._send(signal.SIGKILL)
        wait_for(self._is_gone)

    def pause(self) -> None:
        self._send(signal.SIGSTOP)
        wait_for(lambda: self._state() == _PAUSED)

    def resume(self) -> None:
        self._send(signal.SIGCONT)
        wait_for(lambda: self._state() != _PAUSED)

    def discard(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _send(self, number: signal.Signals) -> None:
        found = self._recorded()
        if found and self.is_running():
            with suppress(ProcessLookupError):
                os.kill(found[0], number)

    def _is_gone(self) -> bool:
        # A process of many threads looks ended while some of them still hold its port; the keeper removes the record
        # when all are gone.
        return self._recorded() is None or self._state() == ""

    def _state(self) -> str:
        found = self._recorded()
        facts = keeper.process_facts(found[0]) if found else None
        return facts[0] if found and facts and facts[1] == found[1] else ""

    def _recorded(self) -> tuple[int, str] | None:
        try:
            pid, _, started = (self.folder / "pid").read_text().partition(" ")
        except OSError:
            return None
        return int(pid), started
