"""What `skalds demo` shows while it runs: a live table on a terminal, plain lines without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_STATES = ("Created", "Assigning", "Running", "Finished", "Failed", "Cancelled")


@dataclass(frozen=True, slots=True)
class DemoState:
    """One look at the running demo: tasks by status, and of each node id, status, usedSlots, slots and finished."""

    elapsed: float
    total: int
    by_status: Mapping[str, int]
    nodes: Sequence[Mapping[str, Any]]

    @property
    def finished(self) -> int:
        return self.by_status.get("Finished", 0)

    @property
    def ended(self) -> int:
        """Tasks that will not change any more; failed ones may still be retried, so the caller asks once more."""
        return sum(self.by_status.get(status, 0) for status in ("Finished", "Failed", "Cancelled"))

    @property
    def rate(self) -> float:
        """Finished tasks per second since the start."""
        return self.finished / self.elapsed if self.elapsed > 0 else 0.0


class DemoView:
    """Shows each `DemoState`; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        self._next_line = 0.0

    def __enter__(self) -> "DemoView":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, state: DemoState) -> None:
        """Draws the table anew, or prints a line once a second."""
        if self._live is not None:
            self._live.update(_table(state), refresh=True)
        elif state.elapsed >= self._next_line or state.finished == state.total:
            self._next_line = state.elapsed + 1.0
            self._console.print(_line(state))


def _table(state: DemoState) -> Group:
    nodes = Table(box=None, pad_edge=False, header_style="bold")
    nodes.add_column("node", min_width=10)
    nodes.add_column("state", min_width=9)
    nodes.add_column("running", justify="right")
    nodes.add_column("slots in use", min_width=12)
    nodes.add_column("finished", justify="right")
    for node in state.nodes:
        colour = "green" if node["status"] == "online" else "red"
        running, slots = node["usedSlots"], node["slots"]
        bar = Text("█" * running + "·" * max(0, slots - running), style="cyan")
        nodes.add_row(node["id"], Text(node["status"], style=colour), str(running), bar, str(node["finished"]))
    states = Text("   ").join(Text(f"{name} {state.by_status[name]}") for name in _STATES if state.by_status.get(name))
    pace = Text(f"{state.finished}/{state.total} tasks · {state.rate:.0f} tasks/s · {state.elapsed:.1f} s")
    progress = Table.grid()
    progress.add_row(ProgressBar(total=state.total, completed=state.finished, width=60))
    return Group(nodes, Text(), progress, states, pace)


def _line(state: DemoState) -> str:
    nodes = " ".join(f"{node['id']}={node['usedSlots']}" for node in state.nodes)
    states = " ".join(f"{name}={state.by_status[name]}" for name in _STATES if state.by_status.get(name))
    return f"{state.elapsed:5.1f} s  {states}  running: {nodes}  {state.rate:.0f} tasks/s"
