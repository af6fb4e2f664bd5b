"""Policies as JSON: stored in the settings, and shown by the API and in the audit log."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skalds.model.policy import NodePolicy, Policies, TenantPolicy
from skalds.model.reserved import Reserved
from skalds.model.task import HIGHEST_PRIORITY

TENANT_PREFIX = "tenant:"
KEY_PREFIX = "limit:"
NODE_PREFIX = "node:"
RESERVATION_PREFIX = "reserved:"

LARGEST_WEIGHT = 1000
LARGEST_LIMIT = 100_000
LARGEST_COUNT = 1_000_000_000


def is_weight(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LARGEST_WEIGHT


def is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_COUNT


def is_limit(value: object) -> bool:
    return type(value) is int and 1 <= value <= LARGEST_LIMIT


def is_priority(value: object) -> bool:
    return type(value) is int and 0 <= value <= HIGHEST_PRIORITY


def shown_tenant(policy: TenantPolicy) -> dict[str, Any]:
    """A tenant's policy as a JSON value."""
    return {"weight": policy.weight, "maxRunning": policy.max_running, "maxQueued": policy.max_queued}


def shown_node(policy: NodePolicy) -> dict[str, Any]:
    """A node's policy as a JSON value."""
    return {"cordoned": policy.cordoned, "draining": policy.draining, "labels": dict(policy.labels)}


def shown_reservation(reserved: Reserved) -> dict[str, Any]:
    """A reservation as a JSON value."""
    return {"slots": reserved.slots, "priority": reserved.priority}


def label_text(label: tuple[str, str]) -> str:
    """A label as people write it."""
    return "=".join(label)


def label_of(text: str) -> tuple[str, str]:
    """The label that is written like this; what has no "=" has no value."""
    name, _, value = text.partition("=")
    return name, value


def tenant_text(policy: TenantPolicy) -> str:
    return json.dumps(shown_tenant(policy))


def node_text(policy: NodePolicy) -> str:
    # Sorted, so that labels set in another order are the same policy.
    return json.dumps(shown_node(policy), sort_keys=True)


def key_text(limit: int) -> str:
    return json.dumps(limit)


def reservation_text(reserved: Reserved) -> str:
    return json.dumps(shown_reservation(reserved))


def read_policies(stored: Mapping[str, str]) -> tuple[Policies, Sequence[str]]:
    """The policies of these settings, and the names of those that this version cannot read."""
    found: dict[str, dict[str, Any]] = {prefix: {} for prefix in _READERS}
    unreadable: list[str] = []
    for name, text in stored.items():
        prefix = next(prefix for prefix in _READERS if name.startswith(prefix))
        try:
            found[prefix][name.removeprefix(prefix)] = _READERS[prefix](json.loads(text))
        except (ValueError, KeyError, TypeError, RecursionError):
            unreadable.append(name)
    by_label = {label_of(text): reserved for text, reserved in found[RESERVATION_PREFIX].items()}
    return Policies(found[TENANT_PREFIX], found[KEY_PREFIX], found[NODE_PREFIX], by_label), unreadable


def _read_tenant(value: Any) -> TenantPolicy:
    weight, max_running, max_queued = value["weight"], value["maxRunning"], value["maxQueued"]
    counts_are_well = all(count is None or is_count(count) for count in (max_running, max_queued))
    if not (is_weight(weight) and counts_are_well):
        raise ValueError
    return TenantPolicy(float(weight), max_running, max_queued)


def _read_limit(value: Any) -> int:
    if not is_limit(value):
        raise ValueError
    return int(value)


def _read_node(value: Any) -> NodePolicy:
    cordoned, draining, labels = value["cordoned"], value["draining"], value["labels"]
    labels_are_well = isinstance(labels, dict) and all(isinstance(label, str) for label in labels.values())
    if not (isinstance(cordoned, bool) and isinstance(draining, bool) and labels_are_well):
        raise ValueError
    return NodePolicy(cordoned, draining, labels)


def _read_reservation(value: Any) -> Reserved:
    slots, priority = value["slots"], value["priority"]
    if not (is_limit(slots) and is_priority(priority)):
        raise ValueError
    return Reserved(slots, priority)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    TENANT_PREFIX: _read_tenant,
    KEY_PREFIX: _read_limit,
    NODE_PREFIX: _read_node,
    RESERVATION_PREFIX: _read_reservation,
}
