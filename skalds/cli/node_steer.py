"""`skalds node cordon`, `uncordon`, `drain` and `label`."""

from collections.abc import Mapping, Sequence
from typing import Any

from skalds.cli.controller_session import Session
from skalds.cli.error_lines import error_lines
from skalds.cli.node_table import render_nodes
from skalds.cli.time_text import now_ms
from skalds.errors import FieldProblem, NotFound, ValidationFailed, exit_status


async def steer_nodes(session: Session, command: str, ids: Sequence[str]) -> int:
    """Does `command` to each node; an unknown one does not keep it from the others."""
    done: list[dict[str, Any]] = []
    status = 0
    for node_id in ids:
        try:
            done.append(await session.client.fleet.command_node(node_id, command))
        except NotFound as error:
            status = max(status, exit_status(error))
            for line in error_lines(error):
                session.screen.say(line)
    _print(session, done, alone=len(ids) == 1)
    return status


async def label_node(session: Session, node_id: str, labels: Mapping[str, str | None]) -> int:
    """Sets the labels and prints the node."""
    _print(session, [await session.client.fleet.label_node(node_id, labels)], alone=True)
    return 0


def read_labels(given: Sequence[str]) -> dict[str, str | None]:
    """`name=value` sets, `name=` hides, `name-` takes back."""
    labels: dict[str, str | None] = {}
    problems: list[FieldProblem] = []
    for text in given:
        name, equals, value = text.partition("=")
        if equals:
            labels[name] = value
        elif text.endswith("-"):
            labels[text.removesuffix("-")] = None
        else:
            problems.append(FieldProblem(text, "must be NAME=VALUE, NAME= or NAME-"))
    if problems:
        raise ValidationFailed(problems)
    return labels


def _print(session: Session, nodes: Sequence[Mapping[str, Any]], *, alone: bool) -> None:
    if not nodes:
        return
    if session.screen.as_json:
        session.screen.data(nodes[0] if alone else nodes)
    else:
        session.screen.show(render_nodes(nodes, now_ms(), session.screen.width)[:-1])
