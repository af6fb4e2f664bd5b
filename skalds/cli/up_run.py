"""Controller and nodes of one machine together, in the foreground, until told to stop."""

import asyncio
import signal
from typing import Any

from rich.console import Console
from rich.text import Text

from skalds.cli.local_system import LocalPlan, LocalSystem
from skalds.cli.process_keeper import ProcessKeeper

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")


async def run_up(plan: LocalPlan) -> int:
    """Starts everything and waits for Ctrl-C, or for a process that gives up; returns the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    keeper = ProcessKeeper(
        on_line=lambda name, line: console.print(_prefixed(name, line)),
        on_restart=lambda name, status: console.print(_prefixed(name, f"ended with status {status}; restarting")),
    )
    system = LocalSystem(plan, keeper)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    starting, stopped = asyncio.ensure_future(system.start()), asyncio.ensure_future(stop.wait())
    begins: list[asyncio.Future[Any]] = [starting, stopped]
    await asyncio.wait(begins, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        console.print("Stopping …")
        await system.stop()
        return 0
    try:
        address = starting.result()
    except ChildProcessError as error:
        console.print(f"skalds: {error}", style="red")
        await system.stop()
        return 2
    console.print(f"[bold]Skalds is up at {address}[/] · {plan.nodes} node(s) of {plan.app} · Ctrl-C stops")
    waits: list[asyncio.Future[Any]] = [stopped, keeper.given_up]
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
