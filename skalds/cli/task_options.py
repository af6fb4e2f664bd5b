"""The options of `skalds task submit`."""

from pathlib import Path
from typing import Annotated

import typer

ClassName = Annotated[str | None, typer.Argument(metavar="CLASS", help="The worker class.")]
Attachments = Annotated[
    str | None, typer.Option("--attachments", "-a", metavar="JSON|@FILE|-", help="What the worker is given.")
]
Priority = Annotated[int | None, typer.Option("--priority", "-p", help="0 to 10; higher goes first.")]
TaskId = Annotated[str | None, typer.Option("--id", help="The id; made if left out.")]
Tenant = Annotated[str | None, typer.Option(metavar="NAME", help="On whose share it runs.")]
MaxAttempts = Annotated[int | None, typer.Option(help="Failed runs until it is given up; 0: never.")]

DependsOn = Annotated[
    list[str] | None, typer.Option("--depends-on", metavar="ID", help="A task that has to finish first; repeatable.")
]
NotBefore = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Not earlier: 90s, 10m, 2h, 1d, or 2026-01-31T08:00.")
]
Deadline = Annotated[str | None, typer.Option(metavar="WHEN", help="Not started later, written the same way.")]
Timeout = Annotated[str | None, typer.Option(metavar="DURATION", help="A run is ended after 90s, 10m, 2h, 1d.")]

Pin = Annotated[str | None, typer.Option(metavar="NODE", help="Only this node may run it.")]
Requires = Annotated[
    list[str] | None, typer.Option("--requires", metavar="NAME=VALUE", help="A label the node must have; repeatable.")
]
Prefers = Annotated[
    list[str] | None, typer.Option("--prefers", metavar="NAME=VALUE", help="A label that wins ties; repeatable.")
]
Slots = Annotated[int | None, typer.Option(help="Slots it takes; 1 if left out.")]
Cpu = Annotated[float | None, typer.Option("--cpu", metavar="CPUS", help="CPUs it takes, such as 0.5.")]
Memory = Annotated[str | None, typer.Option("--memory", metavar="SIZE", help="Memory it takes, such as 8GiB.")]
Gpu = Annotated[int | None, typer.Option("--gpu", metavar="DEVICES", help="GPU devices it takes.")]
AffinityKey = Annotated[str | None, typer.Option(metavar="KEY", help="Equal keys go to the same node (STICKY).")]
ConcurrencyKey = Annotated[str | None, typer.Option(metavar="KEY", help="Few with this key run at once; 1 if not set.")]
Preemptible = Annotated[bool, typer.Option("--preemptible", help="May be drained to make room for an urgent task.")]

Count = Annotated[int, typer.Option(min=1, max=100_000, help="How many equal tasks.")]
File = Annotated[
    Path | None, typer.Option(allow_dash=True, help="Tasks to submit: a JSON list, or an object per line.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all have ended; exit 0 only if all Finished.")]
