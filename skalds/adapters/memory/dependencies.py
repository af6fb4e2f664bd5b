"""Edges between tasks: from one that waits for others to those that are not Finished."""

from collections.abc import Iterable, Mapping, Sequence

from skalds.adapters.stored_form import Edge

_GONE = ""
"""Stands for a task that was forgotten and can therefore never be Finished."""


class Dependencies:
    """An edge is there until the other task is Finished for the first time, or its own task is forgotten."""

    def __init__(self) -> None:
        self._edges: dict[str, dict[str, Edge]] = {}
        self._dependants: dict[str, dict[str, None]] = {}
        self._numbers: dict[str, int] = {}
        self._last_number = 0

    def add(self, task_id: str, edges: Mapping[str, Edge]) -> None:
        """A new task depends on these."""
        if not edges:
            return
        self._last_number += 1
        self._numbers[task_id] = self._last_number
        self._edges[task_id] = dict(edges)
        for other in edges:
            self._dependants.setdefault(other, {})[task_id] = None

    def worst_of(self, task_id: str) -> Edge | None:
        """The worst edge of a task, None if it has none (any more)."""
        return max(self._edges.get(task_id, {}).values(), default=None)

    def with_failed(self) -> Sequence[str]:
        """The tasks that have a failed edge."""
        return [task_id for task_id, edges in self._edges.items() if Edge.FAILED in edges.values()]

    def dependants(self, task_id: str) -> Iterable[str]:
        """The tasks with an edge to this one."""
        return self._dependants.get(task_id, {})

    def settle(self, others: Mapping[str, Edge | None]) -> Sequence[str]:
        """These tasks stand otherwise now; returns who lost its last edge by that, in the order of their submit."""
        freed: list[str] = []
        for other, edge in others.items():
            for task_id in tuple(self.dependants(other)):
                if edge is not None:
                    self._edges[task_id][other] = edge
                elif self._drop(task_id, other):
                    freed.append(task_id)
        freed.sort(key=lambda task_id: self._numbers.pop(task_id))
        return freed

    def forget(self, task_id: str) -> None:
        """A task is deleted: its edges go, those to it stay failed."""
        for other in self._edges.pop(task_id, {}):
            self._dependants.get(other, {}).pop(task_id, None)
        self._numbers.pop(task_id, None)
        for dependant in self._dependants.pop(task_id, {}):
            del self._edges[dependant][task_id]
            self._edges[dependant][_GONE] = Edge.FAILED

    def _drop(self, task_id: str, other: str) -> bool:
        """Removes an edge; says whether it was the last one."""
        edges = self._edges[task_id]
        del edges[other]
        dependants = self._dependants[other]
        del dependants[task_id]
        if not dependants:
            del self._dependants[other]
        if edges:
            return False
        del self._edges[task_id]
        return True
