"""Reads what the planner needs: the nodes with their load, and the heads of the lanes."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from skalds.model.snapshot import ClusterSnapshot, LaneView, NodeView
from skalds.ports.clock import Clock
from skalds.ports.dispatch_queue import DispatchQueue, Lane
from skalds.system_controller.fleet import Cluster

ROUND_LIMIT = 2_000
"""Tasks placed in one round of a pass, so that a round stays short and the loop can do other things."""

_FEWEST_HEADS = 2
_WIDENING = 8
_NO_LANES: Mapping[int, int] = MappingProxyType({})


class SnapshotReader:
    """Takes a `ClusterSnapshot`; costs by lanes and nodes, not by the backlog."""

    def __init__(self, queue: DispatchQueue, cluster: Cluster, clock: Clock) -> None:
        self._queue = queue
        self._cluster = cluster
        self._clock = clock

    async def take(
        self, turns: Mapping[str, int], wider: Mapping[int, int] = _NO_LANES
    ) -> tuple[ClusterSnapshot, Sequence[Lane]]:
        """The snapshot and the lanes it shows, as stored.

        `wider` counts how often each lane showed too little in this pass; it shows eight times as much each time.
        """
        nodes = self._cluster.fleet.views(self._cluster.live_runs, turns)
        lanes = await self._queue.lanes()
        limit = _heads_per_lane(_room(nodes), len(lanes))
        limits = {lane.id: min(ROUND_LIMIT, limit * _WIDENING ** wider.get(lane.id, 0)) for lane in lanes}
        heads = await self._queue.heads(limits) if lanes else {}
        views = [
            LaneView(lane.id, lane.key, heads[lane.id], more=len(heads[lane.id]) == limits[lane.id])
            for lane in lanes
            if lane.id in heads
        ]
        return ClusterSnapshot(self._clock.wall_ms(), nodes, views), lanes


def _room(nodes: Sequence[NodeView]) -> int:
    """Slots that could be filled now, at most `ROUND_LIMIT`."""
    room = 0
    for node in nodes:
        if node.online and not node.draining:
            room += max(0, node.slots - node.used_slots) if node.slots else ROUND_LIMIT
    return min(room, ROUND_LIMIT)


def _heads_per_lane(room: int, lanes: int) -> int:
    """Enough heads to fill the room from all lanes together, and a few from each so that no lane is overlooked."""
    return max(_FEWEST_HEADS, -(-room // max(1, lanes)))
