"""`skalds db`: back up, check and restore the database of the embedded engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skalds.system_controller.db_bootstrap import Database, DatabaseFacts

db = typer.Typer(name="db", help="Back up, check and restore the database of this machine.", no_args_is_help=True)

Data = Annotated[Path | None, typer.Option("--data", help="Data directory (SKALDS_DATA_DIR).")]


@db.command()
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to; backups/skalds-<date>-<time>.db in the data directory if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")] = False,
    data: Data = None,
) -> None:
    """Copy the database to FILE, also while the system runs, and check the copy."""
    database = _open(data)
    facts = database.back_up(file or _new_name(database.data_dir), force=force)
    _show(f"{facts.file}: {_describe(facts)}")


@db.command()
def check(data: Data = None) -> None:
    """Look for damage, also while the system runs."""
    facts = _open(data).check()
    _show(f"{facts.file}: sound, {_describe(facts)}")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A copy made by skalds db backup.")],
    data: Data = None,
) -> None:
    """Put a copy of FILE in the place of the database; nothing may run, and the one before is kept beside it."""
    facts, kept = _open(data).restore(file)
    _show(f"{facts.file}: {_describe(facts)}")
    if kept is not None:
        _show(f"the database before is kept as {kept}")


def _open(data: Path | None) -> "Database":
    from skalds.config.system_controller_config import SystemControllerConfig
    from skalds.system_controller.db_bootstrap import Database

    return Database(SystemControllerConfig(skalds_data_dir=data))


def _new_name(data_dir: Path) -> Path:
    from datetime import datetime

    return data_dir / "backups" / f"skalds-{datetime.now().astimezone():%Y%m%d-%H%M%S}.db"


def _describe(facts: "DatabaseFacts") -> str:
    free = f", {_size(facts.free_bytes)} of it free" if facts.free_bytes else ""
    tasks = "1 task" if facts.tasks == 1 else f"{facts.tasks:,} tasks"
    return f"{tasks}, {_size(facts.size_bytes)}{free}"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.1f} GB"


def _show(line: str) -> None:
    from skalds.cli.screen import Screen

    Screen.open().show([line])
