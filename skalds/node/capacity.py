"""What a node offers, and what of it is still free beside its live runs."""

from collections.abc import Iterable
from typing import NamedTuple, Self

from skalds.model.node import Node
from skalds.model.resources import NO_RESOURCES, Resources, resources_of
from skalds.model.task import Task


class Share(NamedTuple):
    """What one run takes: slots, amounts, and the GPU devices that are its own."""

    slots: int
    resources: Resources = NO_RESOURCES
    devices: tuple[str, ...] = ()


class Capacity(NamedTuple):
    """What a node offers in all; `slots` 0 means unlimited, `devices` are given out in their order."""

    slots: int
    resources: Resources = NO_RESOURCES
    devices: tuple[str, ...] = ()

    @classmethod
    def of_node(cls, node: Node) -> Self:
        """As the node describes itself."""
        return cls(node.slots, resources_of(node.resources), tuple(node.resources.get("gpu", ())))


class Room:
    """A tally of what is free; it never gives out more than the capacity, nor a device twice."""

    def __init__(self, capacity: Capacity, taken: Iterable[Share]) -> None:
        self._capacity = capacity
        self._slots = 0
        self._resources = NO_RESOURCES
        self._busy: set[str] = set()
        for share in taken:
            self._add(share)

    def take(self, task: Task) -> Share | None:
        """Sets aside what `task` asks for, with the first free devices; None if it does not fit."""
        wanted = resources_of(task.resources)
        free = [device for device in self._capacity.devices if device not in self._busy] if wanted.gpu else []
        if not self._has(task.slots, wanted) or wanted.gpu > len(free):
            return None
        share = Share(task.slots, wanted, tuple(free[: wanted.gpu]))
        self._add(share)
        return share

    def _has(self, slots: int, wanted: Resources) -> bool:
        in_slots = self._capacity.slots == 0 or self._slots + slots <= self._capacity.slots
        return in_slots and self._resources.plus(wanted).fits_in(self._capacity.resources)

    def _add(self, share: Share) -> None:
        self._slots += share.slots
        self._resources = self._resources.plus(share.resources)
        self._busy.update(share.devices)
