"""What waits, by class and by reason."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from skalds.ports.lane_board import LaneBoard, LaneCount

NEXT = "next"
"""Stands for ready tasks whose lane has no reason to wait: the next pass looks at them."""

LATER = "later"
"""Stands for tasks that wait for their moment or for another task."""


async def read_backlog(lanes: LaneBoard) -> dict[str, Any]:
    """Tasks that could run now (`ready`), all that wait, and those by class and by the reason of their lane."""
    return summed(await lanes.backlog())


def summed(counts: Sequence[LaneCount]) -> dict[str, Any]:
    """The sums over all lanes."""
    by_class: Counter[str] = Counter()
    by_reason: Counter[str] = Counter()
    for count in counts:
        by_class[count.key.class_name] += count.waiting
        by_reason[count.reason.value if count.reason is not None else NEXT] += count.ready
        by_reason[LATER] += count.waiting - count.ready
    return {
        "ready": sum(count.ready for count in counts),
        "waiting": sum(count.waiting for count in counts),
        "byClass": dict(by_class.most_common()),
        "byReason": {reason: tasks for reason, tasks in by_reason.most_common() if tasks},
    }
