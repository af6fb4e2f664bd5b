"""`skalds config`: what the configuration comes to."""

from enum import StrEnum
from typing import Annotated

import typer

config = typer.Typer(name="config", help="See what the configuration comes to.", no_args_is_help=True)


class Role(StrEnum):
    """Whose settings to show."""

    ALL = "all"
    CONTROLLER = "controller"
    NODE = "node"
    CLIENT = "client"


@config.callback()
def _group() -> None:
    """See what the configuration comes to."""


@config.command()
def show(
    role: Annotated[Role, typer.Option(help="Whose settings.")] = Role.ALL,
    changed: Annotated[bool, typer.Option("--changed", help="Leave out what has its default.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Show every setting as a process started here and now would have it, with its source; secrets are masked."""
    from skalds.cli.config_table import show_config

    show_config(role.value, changed, as_json)
