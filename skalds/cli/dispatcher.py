"""`skalds dispatcher`: how the dispatcher is doing, how it is set, and what it would do."""

from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller

dispatcher = typer.Typer(name="dispatcher", help="See and set how tasks are given to nodes.", no_args_is_help=True)

Reset = Annotated[bool, typer.Option("--reset", help="Go back to what is configured.")]


@dispatcher.command()
def status(url: Url = None, as_json: AsJson = False) -> None:
    """Show the leader, how the dispatcher is set and by whom, its rates, and what waits by class and by reason."""
    from skalds.cli.dispatcher_page import show_status

    with_controller(url, as_json, show_status)


@dispatcher.command()
def strategy(
    name: Annotated[str | None, typer.Argument(help="Switch to this one; none: print what is used.")] = None,
    reset: Reset = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print the strategy, or switch it while the system runs. A switch outlives restarts until --reset."""
    _show_or_change("strategy", name, "NAME", reset, url, as_json)


@dispatcher.command()
def interval(
    seconds: Annotated[
        int | None, typer.Argument(min=1, metavar="SECONDS", help="The longest pause; none: print it.")
    ] = None,
    reset: Reset = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print, or set, after how many seconds the dispatcher looks even if nothing happened.

    What is set outlives restarts until --reset.
    """
    _show_or_change("interval", seconds, "SECONDS", reset, url, as_json)


@dispatcher.command()
def pause(url: Url = None, as_json: AsJson = False) -> None:
    """Start nothing new until: skalds dispatcher resume. What runs goes on."""
    from skalds.cli.dispatcher_page import change

    with_controller(url, as_json, lambda session: change(session, "paused", True))


@dispatcher.command()
def resume(url: Url = None, as_json: AsJson = False) -> None:
    """Let a paused dispatcher go on."""
    from skalds.cli.dispatcher_page import change

    with_controller(url, as_json, lambda session: change(session, "paused", None))


@dispatcher.command()
def run(url: Url = None, as_json: AsJson = False) -> None:
    """Make one pass now and show what it did."""
    from skalds.cli.dispatcher_page import run_pass

    with_controller(url, as_json, run_pass)


@dispatcher.command(
    epilog="Examples:\n\nskalds dispatcher plan\n\n"
    "skalds dispatcher plan --add-nodes 3 --like node-1 --strategy ROUND_ROBIN"
)
def plan(
    add_nodes: Annotated[int, typer.Option(min=0, metavar="N", help="Suppose this many nodes more.")] = 0,
    like: Annotated[str | None, typer.Option(metavar="NODE", help="What the added nodes are like.")] = None,
    without: Annotated[list[str] | None, typer.Option(metavar="NODE", help="Suppose this node gone.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Suppose this strategy.")] = None,
    limit: Annotated[int, typer.Option(min=0, max=2000, help="Assignments to show.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what the next pass would do, without doing it; perhaps with other nodes or another strategy."""
    from skalds.cli.plan_page import show_plan, supposing

    if (add_nodes > 0) != (like is not None):
        raise typer.BadParameter("--add-nodes needs --like, and the other way round")
    wanted = supposing(add_nodes, like, without or (), strategy, limit)
    with_controller(url, as_json, lambda session: show_plan(session, wanted))


@dispatcher.command(epilog="Plan it again, anywhere: python -m skalds.testing.replay FILE")
def dump(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help="Write it here; none: standard output.")] = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="The same as an option.")] = None,
    url: Url = None,
) -> None:
    """Write a pass as JSON: what the dispatcher sees, the seed, and the plan it makes of that."""
    from skalds.cli.plan_page import dump_pass

    if file is not None and out is not None:
        raise typer.BadParameter("give either a FILE or --out")
    with_controller(url, True, lambda session: dump_pass(session, file if out is None else out))


def _show_or_change(
    name: str, value: str | int | None, argument: str, reset: bool, url: str | None, as_json: bool
) -> None:
    """Prints a setting, or changes it if there is a value or it is to be reset."""
    from skalds.cli.dispatcher_page import change, show_setting

    if value is not None and reset:
        raise typer.BadParameter(f"give either {argument} or --reset")
    if value is None and not reset:
        with_controller(url, as_json, lambda session: show_setting(session, name))
    else:
        with_controller(url, as_json, lambda session: change(session, name, value))
