"""`skalds node`: one Skald node in the foreground."""

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from skalds.app import Skald
from skalds.errors import ConfigurationError


def node(
    app: Annotated[str, typer.Option(help="Where the application is: module:attribute.")],
) -> None:
    """Run a node that executes the workers of an application; settings come from the environment."""
    application = load_app(app)
    wanted = os.environ.get("SKALD_ID")
    if wanted and application.config.skald_id != wanted:
        raise ConfigurationError("skald_id", application.config.skald_id, f"{wanted}, or none set by the application")
    application.run()


def load_app(reference: str) -> Skald:
    """The application that `module:attribute` names, seen from the working directory."""
    module_name, _, attribute = reference.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(importlib.import_module(module_name), attribute or "app")
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError("--app", reference, f"module:attribute of a Skalds application ({error})") from error
    if not isinstance(found, Skald):
        raise ConfigurationError("--app", reference, f"a Skalds application; {attribute} is a {type(found).__name__}")
    return found
