"""`skalds up`: controller and nodes of one machine together, in the foreground."""

import sys
from pathlib import Path
from typing import Annotated

import typer

DEMO_APP = "skalds.demo.source_survey:app"


def up(
    nodes: Annotated[int, typer.Option(min=1, max=64, help="How many nodes to start.")] = 1,
    app: Annotated[str, typer.Option(help="module:attribute of an application, or a script that runs one.")] = DEMO_APP,
    data: Annotated[Path | None, typer.Option(help="Data directory (SKALDS_DATA_DIR).")] = None,
    port: Annotated[int | None, typer.Option(help="HTTP port (SYSTEM_CONTROLLER_PORT).")] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Listen on an address that others can reach without SKALDS_TOKEN: anybody may run tasks."
        ),
    ] = False,
) -> None:
    """Start a controller and nodes on this machine; restart what dies; stop with Ctrl-C."""
    import asyncio

    from skalds.cli.local_system import LocalPlan
    from skalds.cli.up_run import run_up
    from skalds.config.system_controller_config import SystemControllerConfig

    directory = SystemControllerConfig(skalds_data_dir=data).skalds_data_dir
    environment = {"SYSTEM_CONTROLLER_INSECURE": "true"} if insecure else {}
    sys.exit(asyncio.run(run_up(LocalPlan(directory, nodes, app, port, environment))))
