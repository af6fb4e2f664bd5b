"""`skalds limit`: how many tasks of a concurrency key may run at once."""

from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller

limit = typer.Typer(
    name="limit", help="See and set how many tasks of a concurrency key may run at once.", no_args_is_help=True
)

Key = Annotated[str, typer.Argument(metavar="KEY", help="A concurrency key.")]


@limit.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List the concurrency keys that were set or have something running."""
    from skalds.cli.policy_tables import show_limits

    with_controller(url, as_json, show_limits)


@limit.command("set")
def set_(
    key: Key,
    most: Annotated[int, typer.Argument(metavar="MAX", min=1, help="So many tasks at once.")],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let so many tasks of a key run at once."""
    from skalds.cli.policy_tables import set_limit

    with_controller(url, as_json, lambda session: set_limit(session, key, most))


@limit.command()
def unset(key: Key, url: Url = None, as_json: AsJson = False) -> None:
    """Go back to one task at a time."""
    from skalds.cli.policy_tables import unset_limit

    with_controller(url, as_json, lambda session: unset_limit(session, key))
