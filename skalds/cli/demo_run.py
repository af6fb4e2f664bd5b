"""The demo: a whole system in a temporary directory does real work, and the result is checked."""

import asyncio
import secrets
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from skalds.cli.demo_fault import DemoFault, Victim, patiently
from skalds.cli.demo_report import DemoOutcome, DemoReport, print_report
from skalds.cli.demo_view import DemoState, DemoView
from skalds.cli.local_system import LocalPlan, LocalSystem
from skalds.cli.process_keeper import ProcessKeeper
from skalds.client import SkaldsClient
from skalds.config._enum import EngineEnum
from skalds.demo.source_survey import survey
from skalds.system_controller.db_bootstrap import drop_database

_APP = "skalds.demo.source_survey:app"
_FEWEST_TASKS = 240
_SLOTS = 2
# A demo is the same everywhere, whatever this machine is configured for.
_ENVIRONMENT = {
    "SKALDS_TOKEN": "",
    "SKALDS_TOKEN_FILE": "",
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


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What to show: on which engine, how many nodes, who is killed half-way, and at most how many files."""

    engine: EngineEnum
    nodes: int
    victim: Victim | None = None
    most_files: int | None = None

    @property
    def controllers(self) -> int:
        """Only the distributed engine has room for a second one."""
        return 2 if self.engine is EngineEnum.DISTRIBUTED else 1


def run_demo(plan: DemoPlan) -> None:
    """Runs it, reports, and ends the process: with 0 if the result is right."""
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    files = library_files()[: plan.most_files]
    console.print(
        f"Surveying the {len(files):,} source files of Python's standard library on {plan.nodes} nodes"
        f" ({plan.engine.value} engine)."
    )
    with tempfile.TemporaryDirectory(prefix="skalds-demo-") as directory, _engine_environment(plan) as environment:
        report = asyncio.run(_Demo(plan, files, environment, console).run(Path(directory)))
    print_report(report, console)
    sys.exit(0 if report.is_good else 1)


@contextmanager
def _engine_environment(plan: DemoPlan) -> Iterator[Mapping[str, str]]:
    """Where the demo keeps its tasks: in its own directory, or in a database of its own that goes with it."""
    if plan.engine is EngineEnum.EMBEDDED:
        yield {"SKALDS_ENGINE": "embedded"}
        return
    database = f"skalds_demo_{secrets.token_hex(4)}"
    try:
        yield {"SKALDS_ENGINE": "distributed", "DB_NAME": database}
    finally:
        drop_database(database)


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
            # So that a submit whose answer was lost can be sent again.
            "idempotencyKey": f"survey-{number + 1}",
            "name": f"survey {number + 1} of {len(portions)}",
            "priority": number % _PRIORITIES,
            "attachments": {"paths": [str(path) for path in portion]},
        }
        for number, portion in enumerate(portions)
    ]


class _Demo:
    """One demo: starts the system, sends the tasks, watches until all have ended, and counts again by itself."""

    def __init__(self, plan: DemoPlan, files: Sequence[Path], environment: Mapping[str, str], console: Console) -> None:
        self._plan = plan
        self._files = files
        self._environment = {**_ENVIRONMENT, **environment}
        self._console = console

    async def run(self, directory: Path) -> DemoReport:
        with (directory / "processes.log").open("w") as log:
            keeper = ProcessKeeper(
                on_line=lambda name, line: print(f"{name} {line}", file=log),
                on_restart=lambda name, status: self._console.print(f"{name} ended with status {status}; restarting"),
            )
            system = LocalSystem(self._local_plan(directory), keeper)
            try:
                address = await system.start()
                async with SkaldsClient(address) as client:
                    await _wait_online(client, self._plan.nodes)
                    self._console.print(f"{self._who(address)}; {self._plan.nodes} nodes online.")
                    fault = DemoFault(self._plan.victim, keeper, system.controller_names[0])
                    outcome = await self._work(client, system.node_names, fault)
            finally:
                await system.stop()
        self._console.print("Counting the same files once more in this process …")
        started = time.monotonic()
        plain = survey(self._files)
        return DemoReport(outcome, plain, time.monotonic() - started)

    def _local_plan(self, directory: Path) -> LocalPlan:
        return LocalPlan(
            directory / "data",
            self._plan.nodes,
            _APP,
            port=0,
            environment=self._environment,
            controllers=self._plan.controllers,
        )

    def _who(self, address: str) -> str:
        others = self._plan.controllers - 1
        return f"Controller at {address}" + (f" and {others} more standing by" if others else "")

    async def _work(self, client: SkaldsClient, names: Sequence[str], fault: DemoFault) -> DemoOutcome:
        """Sends the tasks and follows them; with a fault some are kept back and sent right after it."""
        work = drafts(self._files)
        first = len(work) * 3 // 4 if self._plan.victim is not None else len(work)
        started = time.monotonic()
        submitted = [*await client.submit(work[:first])]
        ended = 0
        with DemoView(self._console) as view:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while ended < len(work):
                    state = await patiently(partial(_look, client, len(work), names, time.monotonic() - started))
                    ended = state.ended
                    view.show(state)
                    if fault.strike(state):
                        self._console.print(f"Killed {fault.killed}.")
                        submitted += await patiently(lambda: client.submit(work[first:]))
                    await asyncio.sleep(_LOOK_SECONDS / 5 if fault.is_pending else _LOOK_SECONDS)
        seconds = time.monotonic() - started
        tasks = await patiently(lambda: client.wait([task.id for task in submitted]))
        stored = (await patiently(lambda: client.list(page_size=1))).total
        return DemoOutcome(tasks, len(work), stored, seconds, fault.killed)


async def _wait_online(client: SkaldsClient, count: int) -> None:
    async with asyncio.timeout(30):
        # The fact is in other processes, so there is no event to wait for.
        while sum(node["status"] == "online" for node in await client.nodes()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


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
