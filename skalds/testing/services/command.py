"""`python -m skalds.testing.services`: servers to work with."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from skalds.testing.services.addresses import lines_of, start_three, write_addresses
from skalds.testing.services.fetching import ROOT
from skalds.testing.services.place import Place
from skalds.testing.services.programs import kafka_program, mongo_program, redis_program
from skalds.testing.services.shared import SharedServices, discard_all
from skalds.testing.services.unavailable import Unavailable

FOLDER = ROOT / ".services"
Folder = Annotated[Path, typer.Option(hidden=True, help="Where it is written down what runs.")]

_PREFIX = "skalds-services-"

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="MongoDB, Redis and Kafka for development and tests."
)


@app.command()
def up(folder: Folder = FOLDER) -> None:
    """Start all three, unless they run; print their addresses, and write them to .services/addresses."""
    services = _standing_services(folder)
    try:
        addresses = start_three(services)
    except Unavailable as error:
        _fail(error)
    write_addresses(folder / "addresses", addresses)
    for line in lines_of(addresses):
        typer.echo(line)
    for reason in services.missing():
        typer.echo(reason, err=True)


@app.command()
def down(folder: Folder = FOLDER) -> None:
    """Stop what `up` has started, and remove its data."""
    (folder / "addresses").unlink(missing_ok=True)
    _standing_services(folder).discard()
    (folder / "standing").unlink(missing_ok=True)


@app.command()
def fetch() -> None:
    """Fetch the programs, so that later starts need no network."""
    for find in (mongo_program, redis_program, kafka_program):
        try:
            find()
        except Unavailable as error:
            _fail(error)


@app.command()
def run(command: Annotated[list[str], typer.Argument(help="The command, after --.")], folder: Folder = FOLDER) -> None:
    """Run a command with the three servers in its environment; those of `up`, or else new ones until it ends."""
    own = Path(tempfile.mkdtemp(prefix=_PREFIX))
    is_up = (folder / "addresses").exists()
    services = _standing_services(folder) if is_up else SharedServices(Place(own, os.getpid(), own))
    try:
        code = _run(command, start_three(services))
    except Unavailable as error:
        _fail(error)
    finally:
        discard_all(own)
    sys.exit(code)


def _run(command: list[str], addresses: Mapping[str, str]) -> int:
    with subprocess.Popen(command, env={**os.environ, **addresses}) as running:  # noqa: S603 - what the user wants run
        while running.poll() is None:
            # A Ctrl-C reaches the command too; how it ends is its own affair.
            with suppress(KeyboardInterrupt):
                running.wait()
    return running.returncode


def _standing_services(folder: Path) -> SharedServices:
    """The set of this work tree; it has no owner and stays until `down`. What it keeps is in a temporary folder."""
    link = folder / "standing"
    if not link.is_symlink():
        folder.mkdir(parents=True, exist_ok=True)
        kept = tempfile.mkdtemp(prefix=_PREFIX)
        try:
            link.symlink_to(kept)
        except FileExistsError:
            # Somebody else was first.
            Path(kept).rmdir()
    return SharedServices(Place(link.resolve()))


def _fail(error: Unavailable) -> NoReturn:
    typer.echo(str(error), err=True)
    sys.exit(1)
