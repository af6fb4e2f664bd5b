"""Starts the bare node as a user would, gives it orders, and waits for what it says."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("worker_program.py")
PATIENCE = 20.0

Event = dict[str, Any]


class NodeDriver:
    """One running node; its standard output is open in every process below it, so its end tells that all are dead."""

    def __init__(self, *arguments: str, directory: Path = ROOT, program: str = str(PROGRAM)) -> None:
        self.process = subprocess.Popen(
            [sys.executable, program, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        self._pending = b""
        self._unread: list[Event] = []
        self.zygote: int = self.wait_for("Ready")["zygote"]

    def order(self, order: str, **content: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"order": order, **content}).encode() + b"\n")
        self.process.stdin.flush()

    def launch(
        self,
        class_name: str,
        *ids: str,
        attempt: int = 1,
        checkpoint: Any = None,
        devices: Sequence[str] = (),
        **attachments: Any,
    ) -> None:
        """Launches a run of the class for each id (default `t`)."""
        record = {"attempt": attempt, "node": "bare", "submitted": 0, "assigned": 0, "devices": devices}
        common = {
            "className": class_name, "source": "test", "attempt": attempt, "checkpoint": checkpoint, "runs": [record],
        }  # fmt: skip
        self.order("launch", tasks=[{"id": id_, "attachments": attachments, **common} for id_ in ids or ("t",)])

    def wait_for(self, name: str, run: str | None = None) -> Event:
        """The next event of this name (and run); others stay to be asked for."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for index, event in enumerate(self._unread):
                if event["event"] == name and run in (None, event.get("id")):
                    return self._unread.pop(index)
            assert self._read(deadline), f"the node ended without {name}: {self._unread}"

    def events_until_gone(self, run: str = "t") -> list[Event]:
        """Everything said up to the end of the run, that included."""
        gone = self.wait_for("Gone", run)
        said, self._unread = self._unread, []
        return [*said, gone]

    def wait_for_silence(self, since: float) -> float:
        """Seconds from `since` until no process of the node was alive."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        return time.monotonic() - since

    def close(self) -> list[Event]:
        """Closes the node as its user would; what it said until its end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.wait_for("Closed")
        self.process.wait(PATIENCE)
        said, self._unread = self._unread, []
        return said

    def destroy(self) -> None:
        """Leaves nothing behind, however the test ended."""
        self.process.kill()
        self.process.wait(PATIENCE)
        # Its zygote cleans up then; killed as well it could not.
        wait_until(lambda: not is_alive(self.zygote))
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _read(self, deadline: float) -> bool:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise AssertionError(f"nothing more was said in {PATIENCE:.0f} s: {self._unread}")
        data = os.read(descriptor, 65_536)
        *lines, self._pending = (self._pending + data).split(b"\n")
        self._unread += map(json.loads, lines)
        return bool(data)


def state_of(pid: int) -> str:
    """The kernel's letter for a process: R, S, T (stopped), Z …; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    """Whether the process can still do anything."""
    return state_of(pid) not in ("", "Z", "X")


def wait_until(fact: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """For facts that only the process table knows."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        os.sched_yield()
