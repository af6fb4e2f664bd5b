"""`skalds up`: controller and nodes of one machine together, in the foreground."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from skalds.cli.local_system import LocalPlan, LocalSystem
from skalds.cli.process_keeper import ProcessKeeper

DEMO_APP = "skalds.demo.source_survey:app"

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


def up(
    nodes: Annotated[int, typer.Option(min=1, max=64, help="How many nodes to start.")] = 1,
    app: Annotated[str, typer.Option(help="module:attribute of an application, or a script that runs one.")] = DEMO_APP,
    data: Annotated[Path | None, typer.Option(help="Data directory (SKALDS_DATA_DIR).")] = None,
    port: Annotated[int | None, typer.Option(help="HTTP port (SYSTEM_CONTROLLER_PORT).")] = None,
) -> None:
    """Start a controller and nodes on this machine; restart what dies; stop with Ctrl-C."""
    from skalds.config.system_controller_config import SystemControllerConfig

    directory = SystemControllerConfig(skalds_data_dir=data).skalds_data_dir
    sys.exit(asyncio.run(_up(LocalPlan(directory, nodes, app, port))))


async def _up(plan: LocalPlan) -> int:
    console = Console(highlight=False, soft_wrap=True)
    keeper = ProcessKeeper(
        on_line=lambda name, line: console.print(_prefixed(name, line)),
        on_restart=lambda name, status: console.print(_prefixed(name, f"ended with status {status}; restarting")),
    )
    system = LocalSystem(plan, keeper)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        address = await system.start()
    except ChildProcessError as error:
        console.print(f"skalds: {error}", style="red")
        await system.stop()
        return 2
    console.print(f"[bold]Skalds is up at {address}[/] · {plan.nodes} node(s) of {plan.app} · Ctrl-C stops")
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(stop.wait()), keeper.given_up]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        console.print("Stopping …")
    else:
        name, status = keeper.given_up.result()
        console.print(f"skalds: {name} ended with status {status} and is not restarted", style="red")
    await system.stop()
    return 0 if stop.is_set() else 2


def _prefixed(name: str, line: str) -> Text:
    colour = _COLOURS[sum(name.encode()) % len(_COLOURS)]
    return Text.assemble((f"{name:<10} ", colour), Text.from_ansi(line))
