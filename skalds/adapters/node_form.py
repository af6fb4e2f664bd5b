"""What every store keeps of a node beside its id, as text: the keys of schemas and labels are of any spelling."""

from typing import Any

import orjson

from skalds.model.node import Node
from skalds.model.reserved import Reserved


def node_body(node: Node) -> str:
    """All that a node says of itself but its id, as JSON."""
    return orjson.dumps(
        {
            "mode": node.mode,
            "classes": sorted(node.classes),
            "slots": node.slots,
            "labels": node.labels,
            "resources": node.resources,
            "schemas": node.schemas,
            "facts": node.facts,
            "protocol": node.protocol,
            "reserved": [*node.reserved],
        }
    ).decode()


def node_of(node_id: str, body: str) -> Node:
    """The node that `node_body` described."""
    fields: dict[str, Any] = orjson.loads(body)
    fields["classes"] = frozenset(fields["classes"])
    fields["reserved"] = Reserved(*fields.get("reserved", ()))
    return Node(id=node_id, **fields)
