"""Reads the nodes and what runs on them, from this controller's pictures of the cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

from skalds.errors import NotFound
from skalds.model.node import Liveness
from skalds.planning.filters import DISPATCHED_MODE
from skalds.system_controller.fleet import Cluster, KnownNode
from skalds.system_controller.live_runs import Load


@dataclass(frozen=True, slots=True)
class NodeOverview:
    """A node with its load."""

    known: KnownNode
    load: Load

    @property
    def is_present(self) -> bool:
        """Not lost and not gone; a suspect node is still there, it only gets no new work."""
        return not self.known.registration.closed and self.known.liveness is not Liveness.LOST

    @property
    def is_node(self) -> bool:
        return self.known.registration.node.mode == DISPATCHED_MODE


def list_nodes(cluster: Cluster) -> Sequence[NodeOverview]:
    """All known nodes, by id."""
    known_nodes = sorted(cluster.fleet.all(), key=lambda known: known.registration.node.id)
    return [_overview(cluster, known) for known in known_nodes]


def get_node(cluster: Cluster, node_id: str) -> NodeOverview:
    """The node of this id; raises `NotFound`."""
    known = cluster.fleet.get(node_id)
    if known is None:
        raise NotFound("skald", node_id)
    return _overview(cluster, known)


def tasks_on(cluster: Cluster, node: NodeOverview) -> Sequence[str]:
    """Ids of the tasks on this node, sorted."""
    # The look costs by all live runs; idle nodes need none.
    registration = node.known.registration
    return cluster.live_runs.tasks_of(registration.node.id, registration.session) if node.load.tasks else []


def _overview(cluster: Cluster, known: KnownNode) -> NodeOverview:
    registration = known.registration
    return NodeOverview(known, cluster.live_runs.load_of(registration.node.id, registration.session))
