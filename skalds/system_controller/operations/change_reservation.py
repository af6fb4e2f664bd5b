"""Slots kept for urgent tasks on every node with a label, set while the system runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from skalds.errors import FieldProblem, ValidationFailed
from skalds.model.reserved import Reserved
from skalds.model.task import HIGHEST_PRIORITY
from skalds.system_controller.operations.audit import API
from skalds.system_controller.operations.change_node import label_problems
from skalds.system_controller.policy_book import PolicyBook
from skalds.system_controller.policy_text import LARGEST_LIMIT, is_limit, is_priority, label_of

RESERVATION_FIELDS = ("slots", "priority")


async def reserve_slots(policies: PolicyBook, label: str, fields: Mapping[str, Any], actor: str = API) -> None:
    """Keeps `slots` of each node with the label, as name=value, for tasks of `priority` or above.

    Raises `ValidationFailed` naming the wrong fields.
    """
    named = read_label(label)
    if problems := list(_problems(fields)):
        raise ValidationFailed(problems)
    await policies.set_reservation(named, Reserved(fields["slots"], fields["priority"]), actor)


async def unreserve_slots(policies: PolicyBook, label: str, actor: str = API) -> None:
    """Back to what each node says itself; raises `ValidationFailed`."""
    await policies.set_reservation(read_label(label), None, actor)


def read_label(text: str) -> tuple[str, str]:
    """A label as name and value; raises `ValidationFailed`."""
    name, value = label_of(text)
    if any(label_problems({name: value})):
        raise ValidationFailed.of("path.label", "must be a label like zone=north")
    return name, value


def _problems(fields: Mapping[str, Any]) -> Iterator[FieldProblem]:
    if not is_limit(fields.get("slots")):
        yield FieldProblem("slots", f"must be a whole number from 1 to {LARGEST_LIMIT}")
    if not is_priority(fields.get("priority")):
        yield FieldProblem("priority", f"must be a whole number from 0 to {HIGHEST_PRIORITY}")
