"""The command `skalds`."""

import sys

import typer

from skalds import __version__
from skalds.cli.controller import controller
from skalds.cli.demo import demo
from skalds.cli.node import node
from skalds.cli.up import up
from skalds.errors import SkaldsError, exit_status

cli = typer.Typer(
    name="skalds",
    help="Assigns typed tasks to a fleet of Python worker machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


for command in (up, demo, controller, node):
    cli.command()(command)


def main() -> None:
    """Runs one command; an error of ours is one line on standard error and an exit status, never a traceback."""
    try:
        cli()
    except SkaldsError as error:
        sys.stderr.write(f"skalds: {error}\n")
        sys.exit(exit_status(error))


if __name__ == "__main__":
    main()
