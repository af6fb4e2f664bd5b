"""Skald nodes: what a machine offers and what is known of its presence."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from skalds.model.reserved import NOTHING_RESERVED, Reserved


@dataclass(frozen=True, slots=True)
class Node:
    """What a Skald says of itself when it registers.

    `slots` 0 means unlimited. `schemas` holds the JSON Schema of each class's attachments; `facts` are host facts
    (hostname, pid, python, cpus) shown to people and never used for a decision. `resources` are amounts as on the
    wire: `cpu` a number, `memory` bytes, `gpu` the names of its devices.
    """

    id: str
    mode: str
    classes: frozenset[str]
    slots: int
    labels: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    protocol: int = 1
    reserved: Reserved = NOTHING_RESERVED


@dataclass(frozen=True, slots=True)
class Registration:
    """A node with the session the store issued for it; `closed` once the node said goodbye or was replaced or lost.

    `leaving`: it takes no new work any more, and no claim for it commits.
    """

    node: Node
    session: int
    registered_at: int
    closed: bool = False
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life of a node: `count` grows by one per beat, `draining` says it takes no new work.

    `machine_load` is the larger of CPU and memory in use on its machine, from 0 to 1; None if it is not known.
    """

    node_id: str
    session: int
    count: int
    live_tasks: int = 0
    draining: bool = False
    machine_load: float | None = None


class Presence(NamedTuple):
    """The latest beat of a node that this observer received; `exited` is certain knowledge that its process is gone."""

    beat: Beat
    exited: bool = False


class Liveness(StrEnum):
    """What an observer thinks of a node: takes work, takes none for now, or is given up."""

    ONLINE = "online"
    SUSPECT = "suspect"
    LOST = "lost"
