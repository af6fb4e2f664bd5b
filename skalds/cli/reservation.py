"""`skalds reservation`: slots kept for urgent tasks on every node with a label."""

from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller

reservation = typer.Typer(
    name="reservation", help="See and set the slots kept for urgent tasks on nodes with a label.", no_args_is_help=True
)

Label = Annotated[str, typer.Argument(metavar="LABEL", help="A label like zone=north.")]


@reservation.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List what was set."""
    from skalds.cli.policy_tables import show_reservations

    with_controller(url, as_json, show_reservations)


@reservation.command("set")
def set_(
    label: Label,
    slots: Annotated[int, typer.Argument(metavar="SLOTS", min=1, help="So many slots of each node.")],
    priority: Annotated[
        int,
        typer.Argument(metavar="PRIORITY", min=0, max=10, help="Only tasks of this priority or above may take them."),
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Keep slots of every node with a label for urgent tasks."""
    from skalds.cli.policy_tables import set_reservation

    with_controller(url, as_json, lambda session: set_reservation(session, label, slots, priority))


@reservation.command()
def unset(label: Label, url: Url = None, as_json: AsJson = False) -> None:
    """Go back to what each node says itself."""
    from skalds.cli.policy_tables import unset_reservation

    with_controller(url, as_json, lambda session: unset_reservation(session, label))
