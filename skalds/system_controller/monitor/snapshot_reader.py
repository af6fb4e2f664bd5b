"""Takes what the planner needs: the nodes with their load, limits and shares, and the heads of the lanes."""

from collections.abc import Mapping, Sequence

from skalds.model.snapshot import ClusterSnapshot, NodeView
from skalds.model.task import HIGHEST_PRIORITY
from skalds.planning.filters import open_slots
from skalds.ports.clock import Clock
from skalds.system_controller.cluster_picture import ClusterPicture
from skalds.system_controller.monitor.ready_lanes import ROUND_LIMIT, ReadyLanes


class SnapshotReader:
    """Takes a `ClusterSnapshot`; reads from the store only lanes in which something changed."""

    def __init__(self, lanes: ReadyLanes, picture: ClusterPicture, clock: Clock) -> None:
        self._lanes = lanes
        self._picture = picture
        self._clock = clock

    async def take(self, turns: Mapping[str, int]) -> ClusterSnapshot:
        """The cluster as this controller knows it now; `turns` is the rotation so far."""
        readings = self._lanes.readings
        lanes = await self._lanes.refresh(room_of(self._picture.nodes()))
        if self._lanes.readings != readings:
            self._picture.forget_starts(lanes.tenants)
        return self._picture.snapshot(self._clock.wall_ms(), lanes, turns)


def room_of(nodes: Sequence[NodeView]) -> int:
    """Slots that could be filled now, at most `ROUND_LIMIT`."""
    room = 0
    for node in nodes:
        if node.online and not node.draining and not node.cordoned:
            free = open_slots(node, HIGHEST_PRIORITY) - node.used_slots if node.slots else ROUND_LIMIT
            room += max(0, free)
    return min(room, ROUND_LIMIT)
