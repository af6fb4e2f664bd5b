"""`skalds doctor`: a look at everything a controller here would rely on."""

from pathlib import Path
from typing import Annotated

import typer


def doctor(
    data: Annotated[Path | None, typer.Option(help="Data directory (SKALDS_DATA_DIR).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Look at the settings and at each server of the configured engine, and say what to fix.

    Servers are left as they were found: what is tried for real is tried on a collection, a topic and keys of its own.
    Exit status: 0 if a controller can work, with warnings or without; 1 if it cannot.
    """
    from skalds.cli.doctor_page import run_doctor
    from skalds.config.system_controller_config import SystemControllerConfig

    raise typer.Exit(run_doctor(SystemControllerConfig(skalds_data_dir=data), as_json=as_json))
