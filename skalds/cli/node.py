"""`skalds node`: run a Skald node in the foreground; below it, the nodes of a controller: see, cordon, drain, label."""

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller
from skalds.errors import ConfigurationError

if TYPE_CHECKING:
    from skalds.app import Skald

node = typer.Typer(
    name="node",
    help="Run a node that executes the workers of an application (--app), or see and steer the nodes.",
    invoke_without_command=True,
)


@node.callback()
def run_node(
    context: typer.Context,
    app: Annotated[str | None, typer.Option(help="Where the application is: module:attribute.")] = None,
) -> None:
    """Run a node that executes the workers of an application (--app), or see and steer the nodes.

    Settings of the node come from the environment; see: skalds config show --role node
    """
    if context.invoked_subcommand is not None:
        if app is not None:
            raise typer.BadParameter("runs a node; leave it out to list them", param_hint="--app")
        return
    if app is None:
        raise typer.BadParameter("is required to run a node; to see them: skalds node list", param_hint="--app")
    application = load_app(app)
    wanted = os.environ.get("SKALD_ID")
    if wanted and application.config.skald_id != wanted:
        raise ConfigurationError("skald_id", application.config.skald_id, f"{wanted}, or none set by the application")
    application.run()


@node.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List the nodes a controller knows: how they are, what runs on them, what they offer."""
    from skalds.cli.node_table import list_nodes

    with_controller(url, as_json, list_nodes)


Ids = Annotated[list[str], typer.Argument(metavar="NODE", help="Ids of nodes.")]


@node.command()
def cordon(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Give nodes nothing new; what runs there goes on."""
    _steer("cordon", ids, url, as_json)


@node.command()
def uncordon(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Let nodes take new work again; ends a drain, too."""
    _steer("uncordon", ids, url, as_json)


@node.command()
def drain(ids: Ids, url: Url = None, as_json: AsJson = False) -> None:
    """Give nodes nothing new and move what runs there elsewhere, counted against nobody."""
    _steer("drain", ids, url, as_json)


@node.command(
    epilog="Examples:\n\nskalds node label node-1 zone=north disk=ssd\n\n"
    "skalds node label node-1 zone- disk=     (zone: back to the node's own; disk: hide the node's own)"
)
def label(
    node_id: Annotated[str, typer.Argument(metavar="NODE", help="Id of a node.")],
    labels: Annotated[
        list[str],
        typer.Argument(metavar="LABEL", help="NAME=VALUE sets, NAME- takes back, NAME= hides one of its own."),
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Set labels on top of those the node registered with. They outlive restarts of node and controller."""
    from skalds.cli.node_steer import label_node, read_labels

    wanted = read_labels(labels)
    with_controller(url, as_json, lambda session: label_node(session, node_id, wanted))


def _steer(command: str, ids: list[str], url: str | None, as_json: bool) -> None:
    from skalds.cli.node_steer import steer_nodes

    with_controller(url, as_json, lambda session: steer_nodes(session, command, ids))


def load_app(reference: str) -> "Skald":
    """The application that `module:attribute` names, seen from the working directory."""
    from skalds.app import Skald

    module_name, _, attribute = reference.partition(":")
    if module_name.endswith(".py"):
        expected = f"module:attribute; a script runs its application by itself: python {module_name}"
        raise ConfigurationError("--app", reference, expected)
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module_name), attribute or "app")
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError("--app", reference, f"module:attribute of a Skalds application ({error})") from error
    if not isinstance(found, Skald):
        raise ConfigurationError("--app", reference, f"a Skalds application; {attribute} is a {type(found).__name__}")
    return found
