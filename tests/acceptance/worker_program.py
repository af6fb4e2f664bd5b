"""A user's program: worker classes in `__main__`, no main guard.

With the argument `thread` it starts a thread at import, with `chdir` it leaves the directory it was started in, with
`gpus` its node has GPU devices.
"""

import asyncio
import collections
import ctypes
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from skalds.worker.baseclass import (
    BaseTaskWorker,
    release_handler,
    run_after_handler,
    run_before_handler,
    run_main_handler,
    update_event_handler,
)
from tests.acceptance.bare_node import run_bare_node, say

DEVICES_AT_IMPORT = os.environ.get("CUDA_VISIBLE_DEVICES")


class Data(BaseModel):
    """What the tasks of this program carry."""

    kind: str = Field(default="", alias="theKind")
    count: int = 0


class Plain(BaseTaskWorker[Data]):
    """The common part of the classes below."""

    data = Data()

    def initialize(self, data: Data | None) -> None:
        self.data = data or self.data


class Echo(Plain):
    """Says who it is and what it can reach."""

    @run_main_handler
    def main(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "group": os.getpgid(0),
            "parent": os.getppid(),
            "kind": self.data.kind,
            "count": self.data.count,
            "attempt": self.attempt,
            "sockets": len(_open_sockets()),
            "module": type(self).__module__,
            "threads": threading.active_count(),
            "variable": os.environ.get("SKALDS_WORKER_CONNECTION"),
            "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "devices_at_import": DEVICES_AT_IMPORT,
        }


class FreshEcho(Echo):
    """The same in a fresh interpreter."""

    launch = "exec"


class Ends(Plain):
    """Ends in an unusual way."""

    @run_main_handler
    def main(self) -> Any:
        match self.data.kind:
            case "silent":
                os._exit(self.data.count)
            case "sys.exit":
                sys.exit(self.data.count)
            case "raise":
                raise RuntimeError("no luck " + "x" * self.data.count)
            case "segfault":
                ctypes.string_at(0)
            case "large":
                return "x" * self.data.count
            case "set":
                return {1, 2}
            case "fork":
                if os.fork() == 0:
                    return "the child must not speak"
                return "parent"
            case "stderr":
                for _ in range(self.data.count):
                    os.write(2, b"y" * 65_536)
        return None


class Waits(Plain):
    """Runs until it is stopped, in one of several stubborn ways."""

    @run_main_handler
    def main(self) -> None:
        say(event="Working", pid=os.getpid(), children=_start_children(self.data.kind))
        if self.data.kind == "stuck in C":
            # Consumes for ever without leaving C: the GIL is never released and no signal handler ever runs.
            collections.deque(itertools.repeat(0), maxlen=0)
        if self.data.kind == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            say(event="Deaf")
        while True:
            signal.pause()

    @release_handler
    def release(self, signum: int | None = None, frame: object = None) -> None:
        self.checkpoint({"at": "release"})
        say(event="Released", signum=signum, has_frame=frame is not None, cancelled=self.cancelled)


class FreshWaits(Waits):
    """The same in a fresh interpreter."""

    launch = "exec"


class LeavesChildren(Plain):
    """Finishes while what it started goes on."""

    @run_main_handler
    def main(self) -> list[int]:
        return _start_children(self.data.kind)


class Steps(Plain):
    """Every hook, partly async."""

    @run_before_handler
    async def before(self) -> None:
        await asyncio.sleep(0)
        say(event="Step", step="before", checkpoint=self.last_checkpoint)

    @run_main_handler
    async def main(self) -> str:
        for number in range(self.data.count):
            self.progress(number / self.data.count, f"step {number}")
        self.progress(1.0, "last")
        self.checkpoint({"steps": self.data.count})
        return "done"

    @run_after_handler
    def after(self) -> None:
        say(event="Step", step="after")

    @release_handler
    def release(self) -> None:
        say(event="Step", step="release", is_done=self.is_done)


class Updated(Plain):
    """Ends as soon as an update says so."""

    @run_before_handler
    def before(self) -> None:
        self.news: list[Data] = []
        self.arrived = threading.Event()

    @run_main_handler
    def main(self) -> int:
        say(event="Working", pid=os.getpid())
        self.arrived.wait()
        return self.news[-1].count

    @update_event_handler
    def update(self, data: Data) -> None:
        self.news.append(data)
        self.arrived.set()


class Floods(Plain):
    """Writes nonsense or far too much to its node."""

    @run_main_handler
    def main(self) -> int:
        if self.data.kind == "nonsense":
            for descriptor in _open_sockets():
                os.write(descriptor, b"\0\0\0\2[]")
            time.sleep(3600)
        for number in range(self.data.count):
            self.checkpoint({"number": number, "filling": "x" * 1000})
            self.progress(number / self.data.count)
        return self.data.count


def _open_sockets() -> list[int]:
    sockets = []
    for entry in Path("/proc/self/fd").iterdir():
        # The descriptor that reads the directory is gone by the time it is looked at.
        with suppress(FileNotFoundError):
            if str(entry.readlink()).startswith("socket:"):
                sockets.append(int(entry.name))
    return sockets


def _start_children(kind: str) -> list[int]:
    sleep = ["sleep", "3600"]
    match kind:
        case "subprocess":
            return [subprocess.Popen(sleep).pid]
        case "setsid":
            return [subprocess.Popen(sleep, start_new_session=True).pid]
        case "tree":
            shell = subprocess.Popen(["sh", "-c", "sleep 3600 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
            assert shell.stdout is not None
            return [shell.pid, int(shell.stdout.readline())]
        case "daemon":
            return [_start_daemon(sleep)]
    return []


def _start_daemon(command: list[str]) -> int:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        grandchild = os.fork()
        if grandchild == 0:
            os.execvp(command[0], command)
        os.write(writer, json.dumps(grandchild).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(json.loads(os.read(reader, 100)))


if "chdir" in sys.argv:
    os.chdir("/")
if "thread" in sys.argv:
    # Neither daemon nor ever ending, like many a library's; and a fork would not copy it.
    threading.Thread(target=threading.Event().wait, name="from-import").start()
run_bare_node(Echo, FreshEcho, Ends, Waits, FreshWaits, LeavesChildren, Steps, Updated, Floods)
os._exit(0)
