"""The command `skalds`.

Modules imported here hold arguments and help only. What a command needs to work is imported when it runs, so that
`skalds --help` and the commands that only ask a controller start in a fraction of a second.
"""

import sys
from collections.abc import Sequence

import typer

from skalds import __version__
from skalds.cli.audit import audit
from skalds.cli.config import config
from skalds.cli.controller import controller
from skalds.cli.db import db
from skalds.cli.demo import demo
from skalds.cli.dispatcher import dispatcher
from skalds.cli.doctor import doctor
from skalds.cli.limit import limit
from skalds.cli.node import node
from skalds.cli.reservation import reservation
from skalds.cli.task import task
from skalds.cli.tenant import tenant
from skalds.cli.up import up
from skalds.errors import SkaldsError, exit_status

_SYSTEM = "Run a system"
_WORK = "Work with a running system"
_EXAMPLES = """Examples:

skalds up --nodes 2 --app examples/log_survey.py

skalds task submit LogSurvey -a '{"paths": ["camera.log"]}' --wait

skalds task list --status Running

skalds task show ID

Exit status: 0 done, 1 not done (yet), 2 refused as asked, 3 already running, 124 timeout."""

cli = typer.Typer(
    name="skalds",
    help="Assigns typed tasks to a fleet of Python worker machines.",
    epilog=_EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


for command in (up, demo, controller, doctor):
    cli.command(rich_help_panel=_SYSTEM)(command)
for group in (node, db):
    cli.add_typer(group, rich_help_panel=_SYSTEM)
for group in (task, dispatcher, tenant, limit, reservation, config):
    cli.add_typer(group, rich_help_panel=_WORK)
cli.command(rich_help_panel=_WORK)(audit)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command; an error of ours is said on standard error with an exit status, never as a traceback."""
    try:
        cli(args=arguments)
    except SkaldsError as error:
        from skalds.cli.error_lines import error_lines

        sys.stderr.write("".join(f"{line}\n" for line in error_lines(error)))
        sys.exit(exit_status(error))


if __name__ == "__main__":
    main()
