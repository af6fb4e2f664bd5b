"""Circles among tasks that are submitted together; what is stored already cannot depend on what is new."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter


def find_circle(dependencies: Mapping[str, Sequence[str]]) -> Sequence[str] | None:
    """Ids of tasks each of which depends on the next and the last on the first, or None; ids beyond are ignored."""
    inside = {id_: [other for other in others if other in dependencies] for id_, others in dependencies.items()}
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        # The sorter names the circle from the depended-on end, first and last the same.
        circle: Sequence[str] = error.args[1]
        return list(reversed(circle))[:-1]
    return None
