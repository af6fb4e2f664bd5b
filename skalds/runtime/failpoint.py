"""Places at which a test can break a process on purpose; in production passing one is a look at an empty table.

    bootstrap ──arm(SKALDS_FAILPOINTS)──► claim.committed=kill:3 ──► failpoint("claim.committed"), third time ► SIGKILL

Only a process's bootstrap arms, with the text that `config` has read from the environment; nothing here reads anything.
The table is state of the module because the fault is one of the whole process: that is what a kill ends.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from skalds.errors import ConfigurationError
from skalds.runtime.log_setup import log_event

SETTING = "SKALDS_FAILPOINTS"

FAILPOINTS: Mapping[str, str] = {
    "submit.before_commit": "The controller has read a submit and stored nothing of it.",
    "submit.committed": "The tasks of a submit are stored; the client does not know yet.",
    "claim.before_commit": "A pass has planned assignments; nobody has them yet.",
    "claim.committed": "Assignments are stored; their nodes do not know yet.",
    "claim.announced": "Assignments are stored and announced.",
    "accept.before_commit": "The node has decided to accept assignments; the store does not know yet.",
    "accept.committed": "Accepted runs are Running in the store; no process of theirs exists.",
    "launch.ordered": "The zygote has been told to start the accepted runs.",
    "report.before_commit": "A run has ended; the store does not know its outcome yet.",
    "report.committed": "The outcome of a run is stored.",
    "release.before_commit": "All processes of a run are gone; its slot is still taken in the store.",
    "release.committed": "The slot of a run is free in the store.",
    "take_back.before_commit": "The monitor is about to take back runs of a node that is gone or did not accept.",
    "take_back.committed": "What the monitor took back waits again.",
    "lease.renew": "A leader is about to renew its lease.",
}
"""Every point there is."""

_EXPECTED = "point=kill, point=raise or point=stall:SECONDS (kill:3, raise:3: the third passage), separated by commas"


@dataclass(slots=True)
class _Fault:
    """What happens at a point: `passages` are still to be made, the last of them with the effect."""

    strike: Callable[[str], None]
    passages: int = 1


_armed: dict[str, _Fault] = {}


def failpoint(name: str, reached: Callable[[], bool] | None = None) -> None:
    """Passes the point; `reached` says whether it counts, and is asked only if the point is armed."""
    if _armed:
        _pass(name, reached)


def arm(text: str, source: str) -> None:
    """Arms what `text` says and warns loudly, or raises `ConfigurationError` naming every point; "" arms nothing.

    `source` tells where the text was found: a file would arm every process that is ever started beside it.
    """
    if text and source == ".env":
        raise ConfigurationError(
            SETTING, text, "nothing in .env: set it in the environment of the one process to break"
        )
    faults = dict(_read(item.strip()) for item in text.split(",") if item.strip())
    for name in faults:
        log_event("WARNING", "failpoint.armed", point=name, warning="THIS PROCESS WILL BREAK ON PURPOSE", by=SETTING)
    _armed.update(faults)


def disarm() -> None:
    """For tests that arm their own process."""
    _armed.clear()


def _pass(name: str, reached: Callable[[], bool] | None) -> None:
    fault = _armed.get(name)
    if fault is None or (reached is not None and not reached()):
        return
    fault.passages -= 1
    if fault.passages == 0:
        del _armed[name]
        fault.strike(name)


def _read(item: str) -> tuple[str, _Fault]:
    name, _, action = item.partition("=")
    if name not in FAILPOINTS:
        raise ConfigurationError(SETTING, item, f"{_EXPECTED}; the points are {', '.join(FAILPOINTS)}")
    match action.split(":"):
        case ["kill", *times] if passages := _count(times):
            return name, _Fault(_kill, passages)
        case ["raise", *times] if passages := _count(times):
            return name, _Fault(_raise, passages)
        case ["stall", seconds] if seconds.isdecimal() and len(seconds) < 6:
            return name, _Fault(lambda point: _stall(point, int(seconds)))
    raise ConfigurationError(SETTING, item, _EXPECTED)


def _count(times: Sequence[str]) -> int:
    """The passage that is meant, 0 if that cannot be understood."""
    match times:
        case []:
            return 1
        case [text] if text.isdecimal() and len(text) < 10:
            return int(text)
    return 0


def _kill(_: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise(name: str) -> None:
    raise RuntimeError(f"failpoint {name}")


def _stall(name: str, seconds: int) -> None:
    """Blocks the whole process, as a frozen one is."""
    log_event("WARNING", "failpoint.stalled", point=name, seconds=seconds)
    time.sleep(seconds)
