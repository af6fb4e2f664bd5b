"""`skalds audit`: who changed what."""

from typing import Annotated

import typer

from skalds.cli.controller_session import AsJson, Url, with_controller


def audit(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Entries to show.")] = 20,
    before: Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help="Only those older than this one.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what people changed, newest first."""
    from skalds.cli.audit_table import show_audit

    with_controller(url, as_json, lambda session: show_audit(session, limit, before))
