"""What ties a process to the one that answers for it, as far as the operating system can."""

import ctypes
import functools
import os
import signal
import sys
import threading
from pathlib import Path

from loguru import logger

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Makes this process the new parent of every descendant whose own parent dies."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with(parent: int) -> None:
    """Has the kernel kill this process when its parent ends; ends it here if that has happened already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def watch_process(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends, where the kernel has such a thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def other_threads() -> list[str]:
    """The threads beside the calling one, those that Python does not know included; a fork would lose them."""
    names = [thread.name for thread in threading.enumerate() if thread is not threading.current_thread()]
    try:
        native = sum(1 for _ in Path("/proc/self/task").iterdir()) - 1
    except OSError:
        native = 0
    return names + ["native"] * (native - len(names))


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    if _libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        error = os.strerror(ctypes.get_errno())
        logger.bind(option=option, error=error).warning("process.containment_refused")


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
