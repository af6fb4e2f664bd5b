"""`skalds controller`: one System Controller in the foreground."""

import os
from pathlib import Path
from typing import Annotated

import typer


def controller(
    data: Annotated[Path | None, typer.Option(help="Data directory (SKALDS_DATA_DIR).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to bind (SYSTEM_CONTROLLER_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port, 0 for a free one (SYSTEM_CONTROLLER_PORT).")] = None,
    mode: Annotated[str | None, typer.Option(help="CONTROLLER, MONITOR or DISPATCHER.")] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Listen on an address that others can reach without SKALDS_TOKEN: anybody may run tasks."
        ),
    ] = False,
    strategy: Annotated[str | None, typer.Option(help="How to choose among nodes, for example LEAST_TASKS.")] = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="If a controller runs on the data directory, wait and take over from it.")
    ] = False,
    ready_fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run a System Controller: API, monitor and dispatcher."""
    # Here, because the server takes longer to load than other commands take to run.
    from skalds.config.system_controller_config import SystemControllerConfig
    from skalds.system_controller.bootstrap import run_controller

    config = SystemControllerConfig(
        skalds_data_dir=data,
        system_controller_host=host,
        system_controller_port=port,
        system_controller_insecure=insecure or None,
        system_controller_mode=mode,
        dispatcher_strategy=strategy,
    )
    run_controller(config, on_ready=lambda address: _tell(ready_fd, address), standby=standby)


def _tell(descriptor: int | None, address: str) -> None:
    """Tells whoever started us where we listen."""
    if descriptor is not None:
        with os.fdopen(descriptor, "w") as line:
            line.write(f"{address}\n")
