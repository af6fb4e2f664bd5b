"""Which slots of a node are kept for urgent tasks: what the node says itself, and what was said of its labels."""

from collections.abc import Mapping

from skalds.model.reserved import Reserved


def reservation(own: Reserved, labels: Mapping[str, str], reservations: Mapping[tuple[str, str], Reserved]) -> Reserved:
    """The one that holds on a node with these labels: the largest, and of equal ones that for the higher priority.

    One holds, not their sum: a node that carries two labels is not kept twice.
    """
    if not reservations:
        return own
    said = (reservations[label] for label in labels.items() if label in reservations)
    return max((own, *said))
