"""What `skalds demo` says at the end."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from skalds.client import RunRecord, Task
from skalds.demo.source_survey import Counts


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The tasks as they ended, the plain count to compare with, and how long (s) each way took."""

    tasks: Sequence[Task]
    plain: Counts
    seconds: float
    plain_seconds: float

    @property
    def dispatched(self) -> Counts:
        """The totals of what the tasks returned."""
        return sum((Counts(**task.result) for task in self.tasks if task.result), Counts())

    @property
    def is_equal(self) -> bool:
        return self.dispatched == self.plain

    @property
    def is_good(self) -> bool:
        """Whether every task finished and the totals agree."""
        return self.is_equal and all(task.lifecycle_status == "Finished" for task in self.tasks)


def print_report(report: DemoReport, console: Console) -> None:
    """Prints totals side by side, who did how much, and how fast it was."""
    console.print()
    console.print(_totals(report))
    console.print("[green]Equal[/]" if report.is_equal else "[bold red]NOT equal[/]", end=". ")
    states = Counter(task.lifecycle_status for task in report.tasks)
    console.print("Tasks: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items())) + ".")
    nodes = Counter(task.executor or "nobody" for task in report.tasks)
    console.print("Tasks per node: " + ", ".join(f"{node} {count}" for node, count in sorted(nodes.items())) + ".")
    runs = [task.runs[-1] for task in report.tasks if task.runs and task.runs[-1].running]
    console.print(
        f"send → main      {_spread(runs, lambda run: run.submitted)}   (all sent at once: mostly the wait for a slot)"
    )
    console.print(f"assigned → main  {_spread(runs, lambda run: run.assigned)}")
    rate = len(report.tasks) / report.seconds
    console.print(
        f"{len(report.tasks)} tasks in {report.seconds:.1f} s: {rate:.0f} tasks/s "
        f"(one process without Skalds: {report.plain_seconds:.1f} s)."
    )


def _totals(report: DemoReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    dispatched, plain = report.dispatched.model_dump(), report.plain.model_dump()
    for name in plain:
        table.add_column(name, justify="right")
    table.add_row("by the tasks", *(f"{count:,}" for count in dispatched.values()))
    table.add_row("plain count", *(f"{count:,}" for count in plain.values()))
    return table


def _spread(runs: Sequence[RunRecord], begin: Callable[[RunRecord], int]) -> str:
    waits = sorted((run.running or 0) - begin(run) for run in runs)
    if len(waits) < 2:
        return "not measured"
    p99 = statistics.quantiles(waits, n=100, method="inclusive")[98]
    return f"p50 {statistics.median(waits):,.0f} ms, p99 {p99:,.0f} ms"
