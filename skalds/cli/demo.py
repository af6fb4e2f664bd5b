"""`skalds demo`: a whole system in a temporary directory does real work, and the result is checked."""

import asyncio
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from skalds.cli.demo_report import DemoReport, print_report
from skalds.cli.demo_view import DemoState, DemoView
from skalds.cli.local_system import LocalPlan, LocalSystem
from skalds.cli.process_keeper import ProcessKeeper
from skalds.client import SkaldsClient
from skalds.demo.source_survey import survey

_APP = "skalds.demo.source_survey:app"
_FEWEST_TASKS = 240
_SLOTS = 2
# A demo is the same everywhere, whatever this machine is configured for.
_ENVIRONMENT = {
    "SKALDS_ENGINE": "embedded",
    "SKALDS_TOKEN": "",
    "SKALD_MODE": "node",
    "SKALD_SLOTS": str(_SLOTS),
    "SYSTEM_CONTROLLER_HOST": "127.0.0.1",
    "SYSTEM_CONTROLLER_MODE": "DISPATCHER",
    "DISPATCHER_STRATEGY": "LEAST_TASKS",
}
_NOT_LIBRARY = frozenset({"site-packages", "dist-packages"})
_PRIORITIES = 11
_COUNTED = ("Running", "Finished", "Failed", "Assigning", "Cancelled")
_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 300.0


def demo(nodes: Annotated[int, typer.Option(min=1, max=16, help="How many nodes to start.")] = 3) -> None:
    """Survey Python's own standard library on a few nodes, and check the result against a plain count."""
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    files = library_files()
    console.print(f"Surveying the {len(files):,} source files of Python's standard library on {nodes} nodes.")
    with tempfile.TemporaryDirectory(prefix="skalds-demo-") as directory:
        report = asyncio.run(_run(Path(directory), nodes, files, console))
    print_report(report, console)
    sys.exit(0 if report.is_good else 1)


def library_files() -> Sequence[Path]:
    """Every source file of this interpreter's standard library, without what was installed into it."""
    root = Path(sysconfig.get_path("stdlib"))
    return sorted(path for path in root.rglob("*.py") if not _NOT_LIBRARY & set(path.relative_to(root).parts))


def drafts(files: Sequence[Path]) -> Sequence[dict[str, Any]]:
    """At least `_FEWEST_TASKS` tasks (if there are as many files) of a few files each, with mixed priorities."""
    size = max(1, len(files) // _FEWEST_TASKS)
    portions = [files[start : start + size] for start in range(0, len(files), size)]
    return [
        {
            "className": "SourceSurvey",
            "name": f"survey {number + 1} of {len(portions)}",
            "priority": number % _PRIORITIES,
            "attachments": {"paths": [str(path) for path in portion]},
        }
        for number, portion in enumerate(portions)
    ]


async def _run(directory: Path, nodes: int, files: Sequence[Path], console: Console) -> DemoReport:
    """Starts the system, sends the tasks, watches until all have ended, and counts again by itself."""
    with (directory / "processes.log").open("w") as log:
        keeper = ProcessKeeper(
            on_line=lambda name, line: print(f"{name} {line}", file=log),
            on_restart=lambda name, status: console.print(f"{name} ended with status {status}; restarting"),
        )
        system = LocalSystem(LocalPlan(directory / "data", nodes, _APP, port=0, environment=_ENVIRONMENT), keeper)
        try:
            address = await system.start()
            async with SkaldsClient(address) as client:
                await _wait_online(client, nodes)
                console.print(f"Controller at {address}; {nodes} nodes online.")
                started = time.monotonic()
                submitted = await client.submit(drafts(files))
                await _watch(client, len(submitted), system.node_names, console)
                seconds = time.monotonic() - started
                tasks = await client.wait([task.id for task in submitted])
        finally:
            await system.stop()
    console.print("Counting the same files once more in this process …")
    started = time.monotonic()
    plain = survey(files)
    return DemoReport(tasks, plain, seconds, time.monotonic() - started)


async def _wait_online(client: SkaldsClient, count: int) -> None:
    async with asyncio.timeout(30):
        # The fact is in other processes, so there is no event to wait for.
        while sum(node["status"] == "online" for node in await client.nodes()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _watch(client: SkaldsClient, total: int, names: Sequence[str], console: Console) -> None:
    """Shows the state until no task is left to do."""
    started = time.monotonic()
    with DemoView(console) as view:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                state = await _look(client, total, names, time.monotonic() - started)
                view.show(state)
                if state.ended >= total:
                    return
                await asyncio.sleep(_LOOK_SECONDS)


async def _look(client: SkaldsClient, total: int, names: Sequence[str], elapsed: float) -> DemoState:
    summary = await client.summary()
    known = {node["id"]: node for node in await client.nodes()}
    rows = []
    for name in names:
        finished = await client.list(status="Finished", executor=name, page_size=1)
        node = known.get(name, {"status": "offline", "usedSlots": 0, "slots": _SLOTS})
        rows.append(
            {"id": name, "finished": finished.total, **{key: node[key] for key in ("status", "usedSlots", "slots")}}
        )
    by_status = {
        status: summary[f"{status.lower()}Tasks"]
        for status in ("Running", "Finished", "Failed", "Assigning", "Cancelled")
    }
    by_status["Created"] = total - sum(by_status.values())
    return DemoState(elapsed, total, by_status, rows)
