"""Lanes and rank: how a backlog of millions is read a few heads at a time."""

import json
from typing import NamedTuple, Self

from skalds.model.task import Task


class LaneKey(NamedTuple):
    """All that the filters look at; tasks of equal key can run on exactly the same nodes and share one lane."""

    tenant: str
    class_name: str
    requires: tuple[tuple[str, str], ...] = ()
    slots: int = 1
    resources: str = ""
    concurrency_key: str | None = None
    pinned_to: str | None = None
    urgent: bool = False

    def to_text(self) -> str:
        """The same text for equal keys, on every engine."""
        return json.dumps(self, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The key that `to_text` wrote."""
        tenant, class_name, requires, *rest = json.loads(text)
        return cls(tenant, class_name, tuple((name, value) for name, value in requires), *rest)


def lane_key(task: Task) -> LaneKey:
    """The lane in which `task` waits."""
    return LaneKey(
        tenant=task.tenant,
        class_name=task.class_name,
        requires=tuple(sorted(task.requires.items())),
        slots=task.slots,
        resources=json.dumps(task.resources, sort_keys=True, separators=(",", ":")) if task.resources else "",
        concurrency_key=task.concurrency_key,
        pinned_to=task.pinned_to,
    )


def rank(eligible_at: int, priority: int, ageing_step_ms: int) -> int:
    """Place in the order of dispatch, lowest first: `eligible_at − priority × ageing step` (ms).

    Ageing is linear, so waiting raises all tasks alike and the order of two tasks never changes: the rank is a
    constant and can be an index key. One priority level is worth `ageing_step_ms` of waiting.
    """
    return eligible_at - priority * ageing_step_ms
