"""Keeps one server process for as long as its owner lives; run as a script, on the standard library alone.

    starter ──► keeper, in a session of its own ──► server, killed by the kernel if the keeper dies
                   waits for whichever ends first: the server, or the owner

So a server outlives the test that started it, and never the run for which it was started.
"""

import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_STARTED, _STATE = 19, 0


def process_facts(pid: int) -> tuple[str, str] | None:
    """The state letter of a process and the moment it was started, which tells it from a later one of the same id."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[_STATE], fields[_STARTED]


def main(description: Path) -> None:
    """Starts what the description says, prints its id, and stays until it has ended."""
    plan = json.loads(description.read_text())
    if os.fork():
        return
    os.setsid()
    folder = description.parent
    with (folder / "held").open("w") as held:
        # The keeper of the server that stood here before may still be tidying up.
        fcntl.flock(held, fcntl.LOCK_EX)
        owner_is_gone = _keep(plan, folder)
    if owner_is_gone:
        _sweep(plan)


def _keep(plan: dict[str, Any], folder: Path) -> bool:
    owner = _watch(plan["owner"])
    try:
        server = _start(plan["command"], folder)
    except OSError as error:
        _say(f"error {error}")
        return False
    started = process_facts(server.pid)
    (folder / "pid.new").write_text(f"{server.pid} {started[1] if started else ''}")
    (folder / "pid.new").rename(folder / "pid")
    _say(f"pid {server.pid}")
    owner_is_gone = _wait(server, owner)
    server.kill()
    server.wait()
    (folder / "pid").unlink(missing_ok=True)
    return owner_is_gone


def _start(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - the command of the plan; this process has one thread
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=_die_with_keeper,
        )


def _die_with_keeper() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)


def _watch(pid: int | None) -> int | None:
    """A descriptor that becomes readable when the process ends; one that has ended already is readable at once."""
    if pid is None:
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return os.open(os.devnull, os.O_RDONLY)


def _wait(server: "subprocess.Popen[bytes]", owner: int | None) -> bool:
    ends = select.poll()
    ends.register(os.pidfd_open(server.pid), select.POLLIN)
    if owner is not None:
        ends.register(owner, select.POLLIN)
    return owner in {descriptor for descriptor, _ in ends.poll()}


def _say(line: str) -> None:
    """Tells the starter, who reads until nobody holds the pipe any more."""
    print(line, flush=True)  # noqa: T201 - the starter reads it
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _sweep(plan: dict[str, Any]) -> None:
    if plan["farewell"]:
        subprocess.run(plan["farewell"], check=False)  # noqa: S603 - the command of the plan
    if plan["sweep"]:
        shutil.rmtree(plan["sweep"], ignore_errors=True)


def _run() -> NoReturn:
    main(Path(sys.argv[1]))
    sys.exit()


if __name__ == "__main__":
    _run()
