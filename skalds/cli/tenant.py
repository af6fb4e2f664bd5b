"""`skalds tenant`: shares and limits of tenants."""

import math
from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller

tenant = typer.Typer(name="tenant", help="See and set the shares and limits of tenants.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="TENANT", help="The name of a tenant.")]
Count = Annotated[str | None, typer.Option(metavar="N|none", help="At most this many; none: no limit.")]


@tenant.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List the tenants that were set, or have something running or waiting."""
    from skalds.cli.policy_tables import show_tenants

    with_controller(url, as_json, show_tenants)


@tenant.command("set", epilog="Example:\n\nskalds tenant set video --weight 2 --max-running 50")
def set_(
    name: Name,
    weight: Annotated[float | None, typer.Option(help="Its share, compared with that of others; 1 if not set.")] = None,
    max_running: Count = None,
    max_queued: Count = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Set the weight, or how many tasks of a tenant may run or wait; what is left out stays as it is."""
    from skalds.cli.policy_tables import change_tenant, read_count

    if weight is not None and not math.isfinite(weight):
        raise typer.BadParameter("must be a number above 0", param_hint="--weight")
    given = {
        "weight": weight,
        "maxRunning": max_running and read_count("--max-running", max_running),
        "maxQueued": max_queued and read_count("--max-queued", max_queued),
    }
    changes = {field: None if value == "none" else value for field, value in given.items() if value is not None}
    if not changes:
        raise typer.BadParameter("give at least one of --weight, --max-running and --max-queued")
    with_controller(url, as_json, lambda session: change_tenant(session, name, changes))


@tenant.command()
def unset(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Go back to weight 1 and no limits."""
    from skalds.cli.policy_tables import unset_tenant

    with_controller(url, as_json, lambda session: unset_tenant(session, name))
