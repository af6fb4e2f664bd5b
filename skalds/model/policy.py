"""What an operator grants at run time: shares and limits of tenants, limits of keys, states of nodes, reservations."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from skalds.model.reserved import Reserved

DEFAULT_KEY_LIMIT = 1
"""How many tasks with the same concurrency key run at once unless somebody set another limit."""


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """The share of a tenant relative to others (`weight` > 0), and its limits; None is no limit."""

    weight: float = 1.0
    max_running: int | None = None
    max_queued: int | None = None


@dataclass(frozen=True, slots=True)
class NodePolicy:
    """What an operator said of a node: takes nothing new (`cordoned`), gives up what runs (`draining`), more labels.

    `draining` implies `cordoned`. `labels` win over those the node registered with; an empty text removes one.
    """

    cordoned: bool = False
    draining: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything granted at run time, by name; what is not named has the defaults."""

    tenants: Mapping[str, TenantPolicy] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)
    nodes: Mapping[str, NodePolicy] = field(default_factory=dict)
    reservations: Mapping[tuple[str, str], Reserved] = field(default_factory=dict)
    """By label, as name and value."""
