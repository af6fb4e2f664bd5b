"""Which nodes may take the tasks of a lane, and why not the others.

Filters look only at what placements cannot change: a node that fails one cannot take the task however empty it is.
Room is another matter (`NodeLoad.fits`), because every placement changes it.
"""

from collections.abc import Callable, Mapping

from skalds.model.lane import LaneKey
from skalds.model.plan import Rejection, WaitReason
from skalds.model.snapshot import NodeView

DISPATCHED_MODE = "node"
"""Only nodes of this mode take tasks from the dispatcher."""


def takes_work(node: NodeView, lane: LaneKey) -> bool:
    """The node is there and nobody has told it to take nothing new."""
    return node.online and not (node.draining or node.cordoned) and node.mode == DISPATCHED_MODE


def knows_class(node: NodeView, lane: LaneKey) -> bool:
    return lane.class_name in node.classes


def is_the_pinned_one(node: NodeView, lane: LaneKey) -> bool:
    return lane.pinned_to in (None, node.id)


def has_labels(node: NodeView, lane: LaneKey) -> bool:
    return not lane.requires or all(node.labels.get(name) == value for name, value in lane.requires)


def offers_resources(node: NodeView, lane: LaneKey) -> bool:
    return lane.resources.fits_in(node.resources)


def is_wide_enough(node: NodeView, lane: LaneKey) -> bool:
    """All the slots open to this priority together are enough."""
    return node.slots == 0 or lane.slots <= open_slots(node, lane.priority)


def is_trusted_with_class(node: NodeView, lane: LaneKey) -> bool:
    """The breaker of this class is not open here."""
    return lane.class_name not in node.tripped


FILTERS: tuple[tuple[WaitReason, Callable[[NodeView, LaneKey], bool]], ...] = (
    (WaitReason.NO_NODE_ONLINE, takes_work),
    (WaitReason.CLASS_NOT_SUPPORTED, knows_class),
    (WaitReason.PINNED, is_the_pinned_one),
    (WaitReason.LABEL_MISMATCH, has_labels),
    (WaitReason.RESOURCES, offers_resources),
    (WaitReason.NO_FREE_SLOT, is_wide_enough),
    (WaitReason.NODE_BREAKER, is_trusted_with_class),
)
"""In order of closeness: a node that only fails a later one is closer to taking the task."""


def refusal(node: NodeView, lane: LaneKey) -> WaitReason | None:
    """The first filter that `node` fails for tasks of `lane`, or None if it may take them."""
    for reason, passes in FILTERS:
        if not passes(node, lane):
            return reason
    return None


def refusals(node: NodeView, lane: LaneKey) -> list[WaitReason]:
    """All filters that `node` fails."""
    return [reason for reason, passes in FILTERS if not passes(node, lane)]


def open_slots(node: NodeView, priority: int) -> int:
    """Slots that tasks of this priority may take in all, where slots are counted."""
    return node.slots if priority >= node.reserved.priority else node.slots - node.reserved.slots


def rejection(refused: Mapping[WaitReason, int], full: Mapping[WaitReason, int]) -> Rejection:
    """What to tell of a lane that no node took: the filter that came closest to passing.

    `refused` counts nodes by the filter they failed, `full` those that passed all filters by what they lack now.
    """
    counts = {reason: refused.get(reason, 0) + full.get(reason, 0) for reason in {**refused, **full}}
    if full:
        reason = WaitReason.NO_FREE_SLOT if WaitReason.NO_FREE_SLOT in full else next(iter(full))
        return Rejection(reason, permanent=False, counts=counts)
    closest = next((reason for reason, _ in reversed(FILTERS) if reason in refused), WaitReason.NO_NODE_ONLINE)
    passing = (WaitReason.NO_NODE_ONLINE, WaitReason.NODE_BREAKER)
    return Rejection(closest, permanent=closest not in passing, counts=counts)
