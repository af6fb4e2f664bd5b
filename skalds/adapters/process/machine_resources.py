"""What this machine, or the container around this process, has of CPU and memory."""

import os
from pathlib import Path

import psutil

_CONTAINER = Path("/sys/fs/cgroup")


def machine_resources(container: Path = _CONTAINER) -> dict[str, float | int]:
    """`cpu` in CPUs and `memory` in bytes, as on the wire; the limits of `container` (cgroup v2) are respected."""
    cpu, memory = float(os.cpu_count() or 1), int(psutil.virtual_memory().total)
    quota, period = (*_numbers(container / "cpu.max"), 0, 0)[:2]
    if quota and period:
        cpu = min(cpu, quota / period)
    limit = (*_numbers(container / "memory.max"), 0)[0]
    return {"cpu": cpu, "memory": min(memory, limit) if limit else memory}


def _numbers(path: Path) -> tuple[int, ...]:
    """The numbers in the file; none if it does not exist, or says `max`."""
    try:
        return tuple(int(word) for word in path.read_text().split())
    except (OSError, ValueError):
        return ()
