"""Lanes and rank: how a backlog of millions is read a few heads at a time."""

import json
from typing import NamedTuple, Self

from skalds.model.resources import NO_RESOURCES, Resources, resources_of
from skalds.model.task import Task

Labels = tuple[tuple[str, str], ...]
"""Labels sorted by name."""


class LaneKey(NamedTuple):
    """All that filters, order and limits look at; tasks of equal key are interchangeable but for rank and affinity."""

    tenant: str
    class_name: str
    priority: int = 0
    requires: Labels = ()
    prefers: Labels = ()
    slots: int = 1
    resources: Resources = NO_RESOURCES
    concurrency_key: str | None = None
    pinned_to: str | None = None
    preemptible: bool = False

    @property
    def shape(self) -> str:
        """Equal for lanes that can run on the same nodes: the key without tenant, concurrency key and preemptible.

        A text, because the interpreter keeps the hash of a text and not that of a tuple.
        """
        return self._replace(tenant="", concurrency_key=None, preemptible=False).to_text()

    def to_text(self) -> str:
        """The same text for equal keys, on every engine."""
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The key that `to_text` wrote."""
        tenant, class_name, priority, requires, prefers, slots, resources, *rest = json.loads(text)
        return cls(
            tenant, class_name, priority, _labels(requires), _labels(prefers), slots, Resources(*resources), *rest
        )


def lane_key(task: Task) -> LaneKey:
    """The lane of `task`."""
    return LaneKey(
        tenant=task.tenant,
        class_name=task.class_name,
        priority=task.priority,
        requires=tuple(sorted(task.requires.items())),
        prefers=tuple(sorted(task.prefers.items())),
        slots=task.slots,
        resources=resources_of(task.resources) if task.resources else NO_RESOURCES,
        concurrency_key=task.concurrency_key,
        pinned_to=task.pinned_to,
        preemptible=task.preemptible,
    )


def rank(eligible_at: int, priority: int, ageing_step_ms: int) -> int:
    """Place in the order of dispatch, lowest first: `eligible_at − priority × ageing step` (ms).

    Ageing is linear, so waiting raises all tasks alike and the order of two tasks never changes: the rank is a
    constant and can be an index key. One priority level is worth `ageing_step_ms` of waiting.
    """
    return eligible_at - priority * ageing_step_ms


def _labels(pairs: list[list[str]]) -> Labels:
    return tuple((name, value) for name, value in pairs)
