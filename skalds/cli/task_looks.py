"""How the parts of a task look wherever they are shown: status, progress, and what is to be noted about it."""

from collections.abc import Mapping
from typing import Any

from skalds.cli.table import Cell
from skalds.cli.time_text import duration_text

_COLOURS = {
    "Created": "blue",
    "Assigning": "cyan",
    "Running": "yellow",
    "Paused": "magenta",
    "Finished": "green",
    "Failed": "red",
    "Cancelled": "dim",
}
_BAR = 10


def status_cell(task: Mapping[str, Any]) -> Cell:
    """The status in its colour."""
    return Cell(task["lifecycleStatus"], _COLOURS.get(task["lifecycleStatus"], ""))


def is_retrying(task: Mapping[str, Any]) -> bool:
    return task["lifecycleStatus"] == "Failed" and not task["final"]


def note_cell(task: Mapping[str, Any], now: int) -> Cell:
    """What is worth knowing in a few words: why it waits, how far it is, why it failed."""
    if task["waiting"] == "not_before":
        what = "retries" if is_retrying(task) else "starts"
        return Cell(f"{what} in {duration_text(task['eligibleAt'] - now)}", "yellow")
    if task["waiting"]:
        return Cell(task["waiting"], "yellow")
    if task["lifecycleStatus"] == "Running" and task["progress"]:
        return Cell(progress_text(task["progress"]))
    if task["lifecycleStatus"] == "Failed" and task["exception"]:
        return Cell(task["exception"], "red")
    return Cell("")


def progress_text(progress: Mapping[str, Any]) -> str:
    """Percent, and what the run says of it."""
    return f"{progress['fraction']:.0%} {progress['message']}".rstrip()


def bar(part: float, whole: float, width: int = _BAR) -> str:
    """A small bar; anything above nothing shows at least one block."""
    filled = 0 if whole <= 0 else min(width, max(round(width * part / whole), 1 if part > 0 else 0))
    return "█" * filled + "·" * (width - filled)
