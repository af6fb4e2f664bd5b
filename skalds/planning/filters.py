"""Can these nodes take the tasks of this lane, and if not, why.

Filters run once per lane and pass, not per task: all tasks of a lane look alike to them. Two kinds: what cannot
change within a pass (`ineligible`, per node and lane) and room (`has_room`, which every placement changes).
"""

from collections import Counter
from collections.abc import Iterable

from skalds.model.lane import LaneKey
from skalds.model.plan import Rejection, WaitReason
from skalds.model.snapshot import NodeView

DISPATCHED_MODE = "node"
"""Only nodes of this mode take tasks from the dispatcher."""


def ineligible(node: NodeView, lane: LaneKey) -> WaitReason | None:
    """Why `node` cannot take tasks of `lane` however empty it is, or None."""
    if not node.online or node.draining or node.mode != DISPATCHED_MODE:
        return WaitReason.NO_NODE_ONLINE
    if lane.class_name not in node.classes:
        return WaitReason.CLASS_NOT_SUPPORTED
    if lane.pinned_to is not None and lane.pinned_to != node.id:
        return WaitReason.PINNED
    return None


def has_room(slots: int, used: int, wanted: int) -> bool:
    """Whether a node with `slots` (0 = unlimited), `used` of them taken, has `wanted` left."""
    return slots == 0 or used + wanted <= slots


def rejection(reasons: Iterable[WaitReason | None]) -> Rejection:
    """What to tell of a lane that no node took: the filter that came closest to passing.

    `reasons` has one entry per node, None for one that passed every filter but has no room left. The order of
    closeness is that of the filters: a node that only lacks room tells more than one that is offline.
    """
    counts = Counter(reason or WaitReason.NO_FREE_SLOT for reason in reasons)
    for reason in (WaitReason.NO_FREE_SLOT, WaitReason.PINNED, WaitReason.CLASS_NOT_SUPPORTED):
        if counts[reason]:
            return Rejection(reason, permanent=reason is not WaitReason.NO_FREE_SLOT, counts=counts)
    return Rejection(WaitReason.NO_NODE_ONLINE, permanent=False, counts=counts)
