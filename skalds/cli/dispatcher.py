"""`skalds dispatcher`: how the dispatcher is doing, and its strategy."""

from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller

dispatcher = typer.Typer(name="dispatcher", help="See and set how tasks are given to nodes.", no_args_is_help=True)


@dispatcher.command()
def status(url: Url = None, as_json: AsJson = False) -> None:
    """Show the leader, the strategy and its source, the last pass, and what keeps tasks waiting."""
    from skalds.cli.dispatcher_page import show_status

    with_controller(url, as_json, show_status)


@dispatcher.command()
def strategy(
    name: Annotated[str | None, typer.Argument(help="Switch to this one; none: print what is used.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to the configured strategy.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the strategy, or switch it while the system runs. A switch outlives restarts until --reset."""
    from skalds.cli.dispatcher_page import show_strategy, switch_strategy

    if name is not None and reset:
        raise typer.BadParameter("give either a NAME or --reset")
    if name is None and not reset:
        with_controller(url, as_json, show_strategy)
    else:
        with_controller(url, as_json, lambda session: switch_strategy(session, name))
