"""Which processes descend from which, and how to signal them without ever hitting a stranger."""

import functools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_MOST_ROUNDS = 50
"""How often new descendants are looked for; whoever forks faster is met again when its parent ends."""


def children_of(pid: int) -> list[int]:
    """The processes whose parent is `pid`, dead ones that nobody has waited for included."""
    if not _kernel_lists_children():
        return _children_by_scan(pid)
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def descendants_of(pid: int) -> list[int]:
    """Children, grandchildren and so on, parents before their children."""
    found = children_of(pid)
    for parent in found:
        found += (child for child in children_of(parent) if child not in found)
    return found


def signal_tree(root: int, number: signal.Signals) -> None:
    """Signals `root`, its process group and all its descendants.

    `root` must be a child that nobody has waited for, so that its number cannot have passed to somebody else.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(root, number)
    # Before a new worker has made its own group only this reaches it.
    with suppress(ProcessLookupError):
        os.kill(root, number)
    signal_descendants(root, number)


def signal_descendants(root: int, number: signal.Signals) -> None:
    """Signals everything below `root`, and what is forked meanwhile."""
    seen: set[int] = set()
    for _ in range(_MOST_ROUNDS):
        fresh = [pid for pid in descendants_of(root) if pid not in seen]
        if not fresh:
            return
        seen.update(fresh)
        for pid in fresh:
            _signal_if_below(pid, root, number)


def _signal_if_below(pid: int, root: int, number: signal.Signals) -> None:
    # The handle is taken first: if the number has passed to another process by then, the check sees that one's parents;
    # if it passes later, the signal goes to the dead process the handle stands for.
    with suppress(ProcessLookupError, PermissionError):
        try:
            handle = os.pidfd_open(pid)
        except (AttributeError, NotImplementedError):
            if root in _ancestors_of(pid):
                os.kill(pid, number)
            return
        try:
            if root in _ancestors_of(pid):
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _ancestors_of(pid: int) -> Iterator[int]:
    while pid > 1:
        parent = _parent_of(pid)
        if parent is None:
            return
        yield parent
        pid = parent


def _parent_of(pid: int) -> int | None:
    try:
        # The command name before the last parenthesis may contain anything.
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return _parent_by_scan(pid)


def _parent_by_scan(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return None


def _children_by_scan(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.Error:
        return []


@functools.cache
def _kernel_lists_children() -> bool:
    return Path(f"/proc/self/task/{threading.get_native_id()}/children").exists()
