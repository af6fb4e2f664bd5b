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
class DemoOutcome:
    """The tasks as they ended, how many were sent and how many the store had in the end, the seconds it took.

    `killed` says what was killed on purpose, and when.
    """

    tasks: Sequence[Task]
    sent: int
    stored: int
    seconds: float
    killed: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether each task that was sent is there once, and finished."""
        ids = {task.id for task in self.tasks if task.lifecycle_status == "Finished"}
        return len(ids) == len(self.tasks) == self.sent == self.stored


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What became of the tasks, the plain count to compare with, and how long (s) that took."""

    outcome: DemoOutcome
    plain: Counts
    plain_seconds: float

    @property
    def tasks(self) -> Sequence[Task]:
        return self.outcome.tasks

    @property
    def seconds(self) -> float:
        return self.outcome.seconds

    @property
    def dispatched(self) -> Counts:
        """The totals of what the tasks returned."""
        return sum((Counts(**task.result) for task in self.tasks if task.result), Counts())

    @property
    def is_equal(self) -> bool:
        return self.dispatched == self.plain

    @property
    def is_good(self) -> bool:
        """Whether every task was done once as far as results go, and the totals agree."""
        return self.is_equal and self.outcome.is_complete


def print_report(report: DemoReport, console: Console) -> None:
    """Prints totals side by side, who did how much, and how fast it was."""
    console.print()
    console.print(_totals(report))
    console.print("[green]Equal[/]" if report.is_equal else "[bold red]NOT equal[/]", end=". ")
    states = Counter(task.lifecycle_status for task in report.tasks)
    console.print("Tasks: " + ", ".join(f"{count} {state}" for state, count in sorted(states.items())) + ".")
    if report.outcome.killed is not None:
        console.print(_fault_line(report.outcome))
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


def _fault_line(outcome: DemoOutcome) -> str:
    lost = sum(task.losses for task in outcome.tasks)
    repeated = sum(task.attempt > 1 for task in outcome.tasks)
    sent = f"{outcome.sent} tasks sent, {outcome.stored} in the store"
    return f"Killed {outcome.killed}. Runs lost: {lost}, tasks run again: {repeated}; {sent}."


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
