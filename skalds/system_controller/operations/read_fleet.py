"""Reads the nodes and what runs on them, from this controller's pictures of the cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skalds.errors import NotFound
from skalds.model.node import Liveness
from skalds.model.policy import NodePolicy, Policies
from skalds.model.reserved import NOTHING_RESERVED, Reserved
from skalds.planning.filters import DISPATCHED_MODE
from skalds.planning.reservations import reservation
from skalds.ports.node_directory import NodeDirectory
from skalds.system_controller.cluster_picture import effective_labels
from skalds.system_controller.fleet import Cluster, KnownNode
from skalds.system_controller.usage import NO_LOAD, Load

_NO_POLICIES = Policies()
_NO_POLICY = NodePolicy()


@dataclass(frozen=True, slots=True)
class NodeOverview:
    """A node with its load, and what an operator said of it."""

    known: KnownNode
    load: Load
    policy: NodePolicy = _NO_POLICY
    reserved: Reserved = NOTHING_RESERVED

    @property
    def is_present(self) -> bool:
        """Not lost and not gone; a suspect node is still there, it only gets no new work."""
        return not self.known.registration.closed and self.known.liveness is not Liveness.LOST

    @property
    def is_cordoned(self) -> bool:
        return self.policy.cordoned or self.policy.draining

    @property
    def is_draining(self) -> bool:
        """It is being emptied: because it stops, or because an operator drains it."""
        return self.known.draining or self.policy.draining

    @property
    def labels(self) -> Mapping[str, str]:
        """Its own labels with those set at run time on top."""
        return effective_labels(self.known.registration.node.labels, self.policy.labels)

    @property
    def is_node(self) -> bool:
        return self.known.registration.node.mode == DISPATCHED_MODE


def list_nodes(cluster: Cluster, policies: Policies = _NO_POLICIES) -> Sequence[NodeOverview]:
    """All known nodes, by id."""
    known_nodes = sorted(cluster.fleet.all(), key=lambda known: known.registration.node.id)
    return [_overview(known, _load_of(cluster, known), policies) for known in known_nodes]


def get_node(cluster: Cluster, node_id: str, policies: Policies = _NO_POLICIES) -> NodeOverview:
    """The node of this id; raises `NotFound`."""
    known = cluster.fleet.get(node_id)
    if known is None:
        raise NotFound("skald", node_id)
    return _overview(known, _load_of(cluster, known), policies)


async def find_node(
    cluster: Cluster, directory: NodeDirectory, node_id: str, policies: Policies = _NO_POLICIES
) -> NodeOverview:
    """The same, also of one that has left and is remembered by the store only."""
    if cluster.fleet.get(node_id) is None:
        registration = await directory.registration_of(node_id)
        if registration is not None:
            gone = KnownNode(registration, Liveness.LOST, exited=registration.closed)
            return _overview(gone, NO_LOAD, policies)
    return get_node(cluster, node_id, policies)


def tasks_on(cluster: Cluster, node: NodeOverview) -> Sequence[str]:
    """Ids of the tasks on this node, sorted."""
    registration = node.known.registration
    return cluster.live_runs.tasks_of(registration.node.id, registration.session) if node.load.tasks else []


def _load_of(cluster: Cluster, known: KnownNode) -> Load:
    return cluster.live_runs.load_of(known.registration.node.id, known.registration.session)


def _overview(known: KnownNode, load: Load, policies: Policies) -> NodeOverview:
    node = known.registration.node
    policy = policies.nodes.get(node.id, _NO_POLICY)
    labels = effective_labels(node.labels, policy.labels)
    return NodeOverview(known, load, policy, reservation(node.reserved, labels, policies.reservations))
