"""Runs the part of a command that speaks to a System Controller."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skalds.cli.screen import Screen
    from skalds.client.json_client import JsonClient

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The System Controller (SKALDS_URL); http://127.0.0.1:8000 if not set."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON and nothing else.")]

EXIT_INTERRUPTED = 130


def open_client(url: str | None, screen: "Screen") -> "JsonClient":
    """A client of the configured controller; tells what is odd about the configuration."""
    from skalds.client.json_client import JsonClient
    from skalds.config.client_config import ClientConfig

    config = ClientConfig(skalds_url=url)
    for warning in config.warnings:
        screen.say(f"skalds: {warning}", style="yellow")
    return JsonClient(config.skalds_url, token=config.skalds_token)


@dataclass(frozen=True, slots=True)
class Session:
    """A controller to ask and a screen to answer on."""

    client: "JsonClient"
    screen: "Screen"


def with_controller(url: str | None, as_json: bool, work: Callable[[Session], Awaitable[int]]) -> None:
    """Does `work` and ends the process with the exit status it returns."""
    import asyncio

    from skalds.cli.screen import Screen

    screen = Screen.open(as_json=as_json)

    async def run() -> int:
        async with open_client(url, screen) as client:
            return await work(Session(client, screen))

    try:
        status = asyncio.run(run())
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    raise typer.Exit(status)
