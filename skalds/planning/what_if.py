"""What the cluster would look like if: nodes added, labels changed, nodes gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from skalds.model.reserved import NOTHING_RESERVED, Reserved
from skalds.model.resources import NO_RESOURCES, Resources
from skalds.model.snapshot import ClusterSnapshot, NodeView


@dataclass(frozen=True, slots=True)
class SupposedNodes:
    """`count` equal, empty nodes that do not exist; of more than one the ids end in `-1`, `-2` and so on."""

    id: str
    classes: frozenset[str]
    slots: int
    count: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    resources: Resources = NO_RESOURCES
    reserved: Reserved = NOTHING_RESERVED

    @property
    def ids(self) -> Sequence[str]:
        return [self.id] if self.count == 1 else [f"{self.id}-{number}" for number in range(1, self.count + 1)]


@dataclass(frozen=True, slots=True)
class Supposition:
    """What to suppose: nodes beside the real ones, other labels of real ones (None removes one), real ones gone."""

    added: Sequence[SupposedNodes] = ()
    labels: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()


def suppose(snapshot: ClusterSnapshot, supposition: Supposition) -> ClusterSnapshot:
    """The snapshot as it would be.

    What runs on nodes that are gone still counts for shares and limits: whose it is, a snapshot does not say. Nodes
    that the snapshot does not have are passed over; an added node takes the place of a real one of its id.
    """
    added = [view for nodes in supposition.added for view in _views(nodes)]
    gone = supposition.without | {view.id for view in added}
    kept = [
        _relabelled(view, supposition.labels[view.id]) if view.id in supposition.labels else view
        for view in snapshot.nodes
        if view.id not in gone
    ]
    left = [run for run in snapshot.preemptible if run.node_id not in gone]
    return replace(snapshot, nodes=[*kept, *added], preemptible=left)


def _views(nodes: SupposedNodes) -> Sequence[NodeView]:
    return [
        NodeView(
            id=node_id,
            session=0,
            classes=nodes.classes,
            slots=nodes.slots,
            labels=nodes.labels,
            resources=nodes.resources,
            reserved=nodes.reserved,
        )
        for node_id in nodes.ids
    ]


def _relabelled(view: NodeView, labels: Mapping[str, str | None]) -> NodeView:
    merged = {**view.labels, **labels}
    return replace(view, labels={name: value for name, value in merged.items() if value is not None})
