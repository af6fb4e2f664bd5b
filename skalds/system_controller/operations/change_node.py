"""What an operator says of a node: take nothing new, give up what runs, carry other labels."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from skalds.errors import FieldProblem, NotFound, ValidationFailed
from skalds.model.policy import NodePolicy
from skalds.ports.node_directory import NodeDirectory
from skalds.system_controller.operations.audit import API
from skalds.system_controller.operations.field_limits import LONGEST_NAME, is_label_word, shown
from skalds.system_controller.policy_book import PolicyBook

MOST_LABELS = 64


class NodeCommand(StrEnum):
    """What an operator can ask of a node."""

    CORDON = "cordon"
    UNCORDON = "uncordon"
    DRAIN = "drain"


_COMMANDS: Mapping[NodeCommand, Callable[[NodePolicy], NodePolicy]] = {
    NodeCommand.CORDON: lambda policy: replace(policy, cordoned=True),
    NodeCommand.UNCORDON: lambda policy: replace(policy, cordoned=False, draining=False),
    NodeCommand.DRAIN: lambda policy: replace(policy, cordoned=True, draining=True),
}


async def command_node(
    policies: PolicyBook, directory: NodeDirectory, node_id: str, command: NodeCommand, actor: str = API
) -> None:
    """Carries out `command`; what is so already is a success. Raises `NotFound`."""
    await _change(policies, directory, node_id, _COMMANDS[command], actor)


async def label_node(
    policies: PolicyBook, directory: NodeDirectory, node_id: str, labels: object, actor: str = API
) -> None:
    """Sets labels on top of the node's own: null takes one back, an empty text hides one of the node's own.

    Raises `NotFound`, or `ValidationFailed` naming each wrong label.
    """
    problems = list(label_problems(labels, removable=True, hideable=True))
    if problems or not isinstance(labels, dict):
        raise ValidationFailed(problems)

    def change(policy: NodePolicy) -> NodePolicy:
        merged = {**policy.labels, **labels}
        kept = {name: value for name, value in merged.items() if value is not None}
        if len(kept) > MOST_LABELS:
            raise ValidationFailed.of("body", f"a node may have {MOST_LABELS} labels set, these are {len(kept)}")
        return replace(policy, labels=kept)

    await _change(policies, directory, node_id, change, actor)


def label_problems(
    labels: Any, path: str = "", *, removable: bool = False, hideable: bool = False
) -> Iterator[FieldProblem]:
    """What is wrong with labels; `removable`: null is a value too, `hideable`: so is an empty text."""
    if not isinstance(labels, dict):
        yield FieldProblem(path or "body", "must be an object of labels")
        return
    also = [*(["null"] if removable else []), *(["empty"] if hideable else [])]
    for name, value in labels.items():
        field = f"{path}.{shown(name)}" if path else shown(name)
        if not is_label_word(name):
            yield FieldProblem(field, f"its name must be {_WORD}")
        elif not ((removable and value is None) or (hideable and value == "") or is_label_word(value)):
            yield FieldProblem(field, f"its value must be {' or '.join([*also, _WORD])}")


async def _change(
    policies: PolicyBook,
    directory: NodeDirectory,
    node_id: str,
    change: Callable[[NodePolicy], NodePolicy],
    actor: str,
) -> None:
    if await directory.registration_of(node_id) is None:
        raise NotFound("skald", node_id)
    async with policies.changing:
        await policies.refresh()
        present = policies.current.nodes.get(node_id, NodePolicy())
        await policies.set_node(node_id, change(present), actor)


_WORD = f"1 to {LONGEST_NAME} of a-z, A-Z, 0-9, '.', '_', '/', '-', the first and last a letter or digit"
